//! Settings: their description, where their values come from, and how they are read. [`DATABASE`] lists
//! those that every way to change the schema needs; the service adds its own.

mod environment;
mod reader;

pub use environment::Environment;
pub use reader::{Reader, SettingsError};

/// An environment variable that changes how the program behaves.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The variable's name.
    pub name: &'static str,
    /// Its purpose, as a phrase in Markdown.
    pub meaning: &'static str,
    /// What applies if it is unset.
    pub default: Preset,
    /// Its valid values.
    pub values: Values,
    /// Whether `<name>_FILE` can name a file that holds the value instead.
    pub has_file_variant: bool,
}

/// What applies if a setting is unset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Nothing.
    None,
    /// This value.
    Value(&'static str),
    /// As described here.
    Described(&'static str),
}

/// The valid values of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// An integer in this range, inclusive.
    Number {
        /// The minimum.
        min: u64,
        /// The maximum.
        max: u64,
    },
    /// One of these words.
    Words(&'static [&'static str]),
    /// As described here, in Markdown.
    Text(&'static str),
}

impl Setting {
    /// A setting without a default, whose valid values `values` describes.
    pub const fn new(name: &'static str, values: Values, meaning: &'static str) -> Self {
        Self { name, meaning, default: Preset::None, values, has_file_variant: false }
    }

    /// An integer from `min` to `max`.
    pub const fn number(name: &'static str, min: u64, max: u64, meaning: &'static str) -> Self {
        Self::new(name, Values::Number { min, max }, meaning)
    }

    /// One of these words.
    pub const fn word(
        name: &'static str,
        words: &'static [&'static str],
        meaning: &'static str,
    ) -> Self {
        Self::new(name, Values::Words(words), meaning)
    }

    /// Text, whose valid values `values` describes.
    pub const fn text(name: &'static str, values: &'static str, meaning: &'static str) -> Self {
        Self::new(name, Values::Text(values), meaning)
    }

    /// The same, with this default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Preset::Value(default), ..self }
    }

    /// The same, with a default that can't be written as a value.
    #[must_use]
    pub const fn or_else(self, default: &'static str) -> Self {
        Self { default: Preset::Described(default), ..self }
    }

    /// The same, as a value that can be kept in a file, and is never shown.
    #[must_use]
    pub const fn or_in_file(self) -> Self {
        Self { has_file_variant: true, ..self }
    }

    /// The variable that names a file instead, if any.
    pub fn file_variant(&self) -> Option<String> {
        self.has_file_variant.then(|| format!("{}_FILE", self.name))
    }
}

/// The database.
pub const DATABASE_URL: Setting = Setting::text(
    "DATABASE_URL",
    "`sqlite:FILE`, `sqlite::memory:`, `postgres://…`",
    "the database; a missing SQLite file is created",
)
.or("sqlite://data/teamnotes.db")
.or_in_file();

/// How long to wait for another process that migrates.
pub const MIGRATION_LOCK_TIMEOUT: Setting = Setting::number(
    "MIGRATION_LOCK_TIMEOUT",
    1,
    3_600,
    "seconds to wait for another process that is migrating the database",
)
.or("60");

/// What keeps two processes from migrating at once.
pub const MIGRATION_LOCK: Setting = Setting::word(
    "MIGRATION_LOCK",
    &["auto", "table"],
    "`table`: lock with a row, not an advisory lock; `auto` does so on servers that only resemble PostgreSQL",
)
.or("auto");

/// The settings that every way to change the schema needs.
pub const DATABASE: [Setting; 3] = [DATABASE_URL, MIGRATION_LOCK_TIMEOUT, MIGRATION_LOCK];
