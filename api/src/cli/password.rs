use std::io::{self, BufRead, IsTerminal};

use service::users::Password;

use super::CommandError;

/// Prompts for a password on the terminal, without echo, or else reads a line of standard input.
pub(super) fn read() -> Result<Password, CommandError> {
    if io::stdin().is_terminal() {
        return ask(|prompt| rpassword::prompt_password(prompt));
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    parse(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Prompts twice, unless the first password is invalid anyway.
fn ask(mut prompt: impl FnMut(&str) -> io::Result<String>) -> Result<Password, CommandError> {
    let first = prompt("Password: ")?;
    let password = parse(first.clone())?;
    if prompt("Repeat the password: ")? != first {
        return Err(CommandError::Input("the passwords do not match".into()));
    }
    Ok(password)
}

fn parse(text: String) -> Result<Password, CommandError> {
    Password::parse(text).map_err(|why| CommandError::Input(format!("the password {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of these answers, and how many of them were asked for.
    fn asked(answers: &[&str]) -> (Result<Password, CommandError>, usize) {
        let mut count = 0;
        let password = ask(|_| {
            count += 1;
            Ok(answers[count - 1].to_owned())
        });
        (password, count)
    }

    #[test]
    fn a_weak_password_is_rejected_before_it_is_typed_again() {
        let (password, count) = asked(&["password", "password"]);
        assert_eq!(count, 1);
        assert!(password.unwrap_err().to_string().contains("most common passwords"));
    }

    #[test]
    fn a_password_must_be_typed_the_same_way_twice() {
        let (password, count) = asked(&["walnut-harbour-42", "walnut-harbour-43"]);
        assert_eq!(count, 2);
        assert_eq!(password.unwrap_err().to_string(), "the passwords do not match");
        assert!(asked(&["walnut-harbour-42", "walnut-harbour-42"]).0.is_ok());
    }
}
