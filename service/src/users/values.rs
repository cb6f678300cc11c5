use std::fmt;

use crate::text::checked;

/// A username: 3 to 64 characters of `a-z 0-9 . _ @ + -`, starting with a letter. Upper case becomes
/// lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// The fewest characters it may have.
    pub const MIN_CHARS: usize = 3;
    /// The most characters it may have.
    pub const MAX_CHARS: usize = 64;

    /// # Errors
    /// What the username must be.
    pub fn parse(text: String) -> Result<Self, String> {
        let username = text.to_ascii_lowercase();
        let is_allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._@+-".contains(&byte)
        };
        if !username.bytes().all(is_allowed) {
            return Err("must consist of a-z, 0-9 and . _ @ + -".into());
        }
        if !username.starts_with(|first: char| first.is_ascii_lowercase()) {
            return Err("must start with a letter".into());
        }
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&username.len()) {
            return Err("must be 3 to 64 characters long".into());
        }
        Ok(Self(username))
    }

    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The name of a person: 1 to 100 characters, not blank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The most characters it may have.
    pub const MAX_CHARS: usize = 100;

    /// # Errors
    /// What the name must be.
    pub fn parse(text: String) -> Result<Self, String> {
        checked(text, Self::MAX_CHARS).map(Self)
    }

    /// As it was given.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A password that may be chosen: 8 to 256 characters, not one of the most common ones. Composed
/// (NFC), so that it is the same from every keyboard.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The fewest characters it may have.
    pub const MIN_CHARS: usize = 8;
    /// The most characters it may have.
    pub const MAX_CHARS: usize = 256;

    /// # Errors
    /// What the password must be.
    pub fn parse(text: String) -> Result<Self, String> {
        let password = entity::text::compose(&text);
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&password.chars().count()) {
            return Err("must be 8 to 256 characters long".into());
        }
        if password.contains('\0') {
            return Err("must not contain NUL".into());
        }
        let is_common = passwords::analyzer::is_common_password::<&str>;
        if is_common(&password) || is_common(&password.to_lowercase()) {
            return Err("is one of the most common passwords".into());
        }
        Ok(Self(password))
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_compared_in_lower_case() {
        assert_eq!(Username::parse("Alice.B@x+1-_".into()).unwrap().as_str(), "alice.b@x+1-_");
    }

    #[test]
    fn usernames_that_could_be_ids_or_mislead_are_refused() {
        for refused in ["", "ab", "1abc", "_abc", "a b", "äbc", "a/b", "abc\0", &"a".repeat(65)] {
            assert!(Username::parse(refused.into()).is_err(), "{refused:?}");
        }
        assert!(Username::parse("a".repeat(64)).is_ok());
    }

    #[test]
    fn passwords_are_counted_in_characters_and_composed() {
        assert!(Password::parse("ööööööö".into()).is_err());
        let [decomposed, composed] = ["o\u{308}alpine-wind", "öalpine-wind"];
        assert_eq!(Password::parse(decomposed.into()), Password::parse(composed.into()));
        assert!(Password::parse("ö".repeat(256)).is_ok());
        assert!(Password::parse("ö".repeat(257)).is_err());
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        for common in ["password", "Password1", "12345678", "QWERTYUIOP", "1Thursday"] {
            assert!(Password::parse(common.into()).is_err(), "{common}");
        }
    }
}
