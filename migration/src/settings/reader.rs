use std::{ffi::OsStr, fmt, fs, os::unix::ffi::OsStrExt, time::Duration};

use clap::ValueEnum;

use super::{
    DATABASE_URL, Environment, MIGRATION_LOCK, MIGRATION_LOCK_TIMEOUT, Preset, Setting, Values,
};
use crate::{Lock, LockKind, database_url};

/// Everything that is wrong with the settings, one sentence each.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => f.write_str(only),
            all => write!(f, "invalid settings:\n  {}", all.join("\n  ")),
        }
    }
}

/// Reads settings and collects what is wrong with them, so that it can be reported all at once.
#[derive(Debug)]
pub struct Reader<'a> {
    environment: &'a Environment,
    wrong: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader for these variables.
    pub fn new(environment: &'a Environment) -> Self {
        Self { environment, wrong: Vec::new() }
    }

    /// Returns what was read, if all of it was valid.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub fn finish<T>(self, read: T) -> Result<T, SettingsError> {
        if self.wrong.is_empty() { Ok(read) } else { Err(SettingsError(self.wrong)) }
    }

    /// Records what is wrong with a setting, as the rest of a sentence that starts with its name.
    pub fn reject(&mut self, setting: &Setting, why: impl fmt::Display) {
        self.wrong.push(format!("{} {why}", setting.name));
    }

    /// Whether a setting, or the file that holds it, was rejected.
    pub fn has_failed(&self, setting: &Setting) -> bool {
        self.wrong.iter().any(|why| why.starts_with(setting.name))
    }

    /// The value of a setting in bytes, from the environment or from the file that it names. Line breaks
    /// at the end of a text file are ignored.
    pub fn bytes(&mut self, setting: &Setting) -> Option<Vec<u8>> {
        let given = self.environment.get(setting.name).map(OsStr::as_bytes).map(<[u8]>::to_vec);
        let Some(variant) = setting.file_variant() else { return given };
        let Some(file) = self.environment.get(&variant) else { return given };
        if given.is_some() {
            self.wrong.push(format!("{} and {variant} are both set: choose one", setting.name));
            return None;
        }
        match fs::read(file) {
            Ok(bytes) => Some(without_line_break(bytes)),
            Err(error) => {
                self.wrong.push(format!("{variant}: can't read {}: {error}", file.display()));
                None
            }
        }
    }

    /// The value of a setting as text, ignoring its default.
    pub fn given(&mut self, setting: &Setting) -> Option<String> {
        let text = String::from_utf8(self.bytes(setting)?);
        if text.is_err() {
            self.reject(setting, "must be valid UTF-8");
        }
        text.ok().filter(|text| !text.is_empty())
    }

    /// The value of a setting as text, or its default.
    pub fn text(&mut self, setting: &Setting) -> Option<String> {
        self.given(setting).or(match setting.default {
            Preset::Value(value) => Some(value.to_owned()),
            Preset::None | Preset::Described(_) => None,
        })
    }

    /// The value of an integer setting.
    pub fn number<T: TryFrom<u64> + Default>(&mut self, setting: &Setting) -> T {
        let Values::Number { min, max } = setting.values else { return T::default() };
        let Some(text) = self.text(setting) else { return T::default() };
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.and_then(|number| T::try_from(number).ok()).unwrap_or_else(|| {
            self.reject(setting, format!("must be an integer from {min} to {max}, not {text:?}"));
            T::default()
        })
    }

    /// The value of a setting in seconds.
    pub fn seconds(&mut self, setting: &Setting) -> Duration {
        Duration::from_secs(self.number(setting))
    }

    /// The value of a setting that is one of several words.
    pub fn word(&mut self, setting: &Setting) -> &'static str {
        let Values::Words(words) = setting.values else { return "" };
        let text = self.text(setting).unwrap_or_default();
        let word = words.iter().find(|word| **word == text);
        word.copied().unwrap_or_else(|| {
            self.reject(setting, format!("must be {}, not {text:?}", words.join(" or ")));
            ""
        })
    }

    /// The items of a comma-separated setting.
    pub fn list<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let text = self.text(setting).unwrap_or_default();
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let mut parsed = Vec::new();
        for item in items {
            match parse(item) {
                Ok(item) => parsed.push(item),
                Err(why) => self.reject(setting, format!("must not contain {item:?}: {why}")),
            }
        }
        parsed
    }

    /// The URL of the database.
    pub fn database_url(&mut self) -> String {
        let url = self.text(&DATABASE_URL).unwrap_or_default();
        if let Err(why) = database_url::check(&url) {
            self.reject(&DATABASE_URL, why);
        }
        url
    }

    /// The lock for migrations.
    pub fn migration_lock(&mut self) -> Lock {
        let kind = LockKind::from_str(self.word(&MIGRATION_LOCK), false).unwrap_or_default();
        Lock { kind, timeout: self.seconds(&MIGRATION_LOCK_TIMEOUT) }
    }
}

/// Removes line breaks at the end of text. In bytes that are not text, such as a random key, nothing is a
/// line break.
fn without_line_break(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Ok(text) = str::from_utf8(&bytes) {
        bytes.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_lock_are_those_of_the_table() {
        let environment = Environment::default();
        let mut reader = Reader::new(&environment);
        let lock = reader.migration_lock();
        assert_eq!(reader.finish(lock), Ok(Lock::default()));
    }

    #[test]
    fn a_file_of_bytes_is_used_as_is_and_one_of_text_without_its_line_break() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("value");
        let environment = Environment::from_iter([("DATABASE_URL_FILE", &file)]);
        for (bytes, expected) in [
            (&b"\xff\x00\n"[..], &b"\xff\x00\n"[..]),
            (b"text\r\n\n", b"text"),
            (b"two\nlines", b"two\nlines"),
        ] {
            fs::write(&file, bytes).unwrap();
            let mut reader = Reader::new(&environment);
            assert_eq!(reader.bytes(&DATABASE_URL).unwrap(), expected);
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let environment = Environment::from_iter([("DATABASE_URL_FILE", "/nowhere/url")]);
        let mut reader = Reader::new(&environment);
        reader.database_url();
        let SettingsError(wrong) = reader.finish(()).unwrap_err();
        assert!(wrong[0].starts_with("DATABASE_URL_FILE: can't read /nowhere/url: "), "{wrong:?}");
    }

    #[test]
    fn text_that_is_not_utf_8_is_invalid_rather_than_unset() {
        let url = OsStr::from_bytes(b"sqlite:\xff.db");
        let environment = Environment::from_iter([("DATABASE_URL", url)]);
        let mut reader = Reader::new(&environment);
        reader.database_url();
        let expected = SettingsError(vec!["DATABASE_URL must be valid UTF-8".into()]);
        assert_eq!(reader.finish(()), Err(expected));
    }
}
