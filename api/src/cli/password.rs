use std::io::{self, BufRead, IsTerminal};

use service::users::Password;

use super::CommandError;

/// Prompts for a password on the terminal, twice and without echo, or else reads a line of standard
/// input.
pub(super) fn read() -> Result<Password, CommandError> {
    let text = if io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ")?;
        if rpassword::prompt_password("Again: ")? != first {
            return Err(CommandError::Input("the passwords do not match".into()));
        }
        first
    } else {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    Password::parse(text).map_err(|why| CommandError::Input(format!("the password {why}")))
}
