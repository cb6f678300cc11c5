use std::{
    collections::HashMap,
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, ErrorKind, Read},
    os::unix::fs::MetadataExt,
};

use super::{Setting, SettingsError};

/// The file in the working directory that supplements the environment.
const FILE: &str = ".env";

/// Replaces `$` while the file is parsed: a code point that is not a character.
const DOLLAR: char = '\u{fdd0}';

/// The environment variables of the process, supplemented by those of `.env`.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: HashMap<OsString, OsString>,
    /// The names in `.env`, in order.
    in_file: Vec<String>,
}

impl Environment {
    /// Reads the variables of this process and those of `.env` in the working directory, of which the
    /// former take precedence. Does not change the process's own variables.
    ///
    /// # Errors
    /// If `.env` can't be read or parsed, or belongs to another user, who could otherwise decide which
    /// database is used.
    pub fn load() -> Result<Self, SettingsError> {
        let wrong = |why| SettingsError(vec![format!("{FILE} {why}")]);
        let mut environment = Self::default();
        if let Some(text) = read_file().map_err(wrong)? {
            for (name, value) in parse(&text).map_err(wrong)? {
                environment.in_file.push(name.clone());
                environment.variables.entry(name.into()).or_insert_with(|| value.into());
            }
        }
        environment.variables.extend(env::vars_os());
        Ok(environment)
    }

    /// The value of a variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// Whether the setting is set, directly or through a file.
    pub fn has(&self, setting: &Setting) -> bool {
        let variant = setting.file_variant();
        self.get(setting.name).is_some() || variant.is_some_and(|name| self.get(&name).is_some())
    }

    /// Overrides a setting, whatever the environment and `.env` say.
    pub fn set(&mut self, setting: &Setting, value: impl Into<OsString>) {
        if let Some(variant) = setting.file_variant() {
            self.variables.remove(OsStr::new(&variant));
        }
        self.variables.insert(setting.name.into(), value.into());
    }

    /// The names of the variables in `.env`.
    pub fn names_in_file(&self) -> &[String] {
        &self.in_file
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { variables: pairs.collect(), in_file: Vec::new() }
    }
}

fn read_file() -> Result<Option<String>, String> {
    let unreadable = |error: io::Error| format!("can't be read: {error}");
    let mut file = match File::open(FILE) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable)?,
    };
    let owner = file.metadata().map_err(unreadable)?.uid();
    require_owner(owner, rustix::process::geteuid().as_raw())?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some(text))
}

fn require_owner(owner: u32, user: u32) -> Result<(), String> {
    const ROOT: u32 = 0;
    if owner == user || owner == ROOT {
        return Ok(());
    }
    Err(format!("belongs to user {owner}, and this process runs as user {user}: change its owner"))
}

/// The variables of a file, the first of each name. Unlike in dotenvy itself, `$` is an ordinary
/// character: otherwise a password that contains one would be silently truncated.
fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let text = without_expansion(text.trim_start_matches('\u{feff}'));
    let mut variables: Vec<(String, String)> = Vec::new();
    for variable in dotenvy::from_read_iter(text.as_bytes()) {
        let (name, value) = variable.map_err(|error| malformed(&text, &error))?;
        if !variables.iter().any(|(known, _)| *known == name) {
            variables.push((name, value.replace(DOLLAR, "$")));
        }
    }
    Ok(variables)
}

/// Hides each `$` from the parser, except those that a backslash escapes anyway.
fn without_expansion(text: &str) -> String {
    let mut is_escaped = false;
    let hide = |c| {
        let hidden = if c == '$' && !is_escaped { DOLLAR } else { c };
        is_escaped = c == '\\' && !is_escaped;
        hidden
    };
    text.chars().map(hide).collect()
}

/// Names the line without repeating it: it may contain a password.
fn malformed(text: &str, error: &dotenvy::Error) -> String {
    let dotenvy::Error::LineParse(line, _) = error else {
        return format!("can't be read: {error}");
    };
    let before = text.find(line.trim_end()).map_or("", |start| &text[..start]);
    let number = before.matches('\n').count() + 1;
    format!(
        "can't be parsed in line {number}: it must be NAME=value, in quotes if it contains spaces"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        parse(&format!("X={line}\n")).unwrap().remove(0).1
    }

    #[test]
    fn a_dollar_sign_is_an_ordinary_character() {
        for (line, expected) in [
            ("walnut-harbour$tree9", "walnut-harbour$tree9"),
            ("$HOME", "$HOME"),
            ("${HOME}x$", "${HOME}x$"),
            ("\"a$b c\"", "a$b c"),
            ("'a$b c'", "a$b c"),
            ("a\\$b", "a$b"),
            ("a\\\\$b", "a\\$b"),
            ("'a\\$b'", "a\\$b"),
            ("$$", "$$"),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn the_rest_of_the_syntax_is_as_usual() {
        let file = "\u{feff}# a comment\nexport A=1 # one\nB='two words'\n\nA=2\nC=a#b\r\n";
        let expected = [("A", "1"), ("B", "two words"), ("C", "a#b")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(file).unwrap(), expected);
    }

    #[test]
    fn a_line_that_cannot_be_parsed_is_numbered_but_not_shown() {
        for file in ["A=1\nSECRET=hunter2 hunter3\n", "A=1\nhunter2\n", "A=1\nB='hunter2\nC=3\n"] {
            let told = parse(file).unwrap_err();
            assert!(told.contains("in line 2"), "{told}");
            assert!(!told.contains("hunter"), "{told}");
        }
    }

    #[test]
    fn a_file_of_another_user_is_rejected() {
        assert_eq!(require_owner(1000, 1000), Ok(()));
        assert_eq!(require_owner(0, 1000), Ok(()));
        assert!(require_owner(1001, 1000).unwrap_err().contains("user 1001"));
        assert!(require_owner(1000, 0).is_err());
    }
}
