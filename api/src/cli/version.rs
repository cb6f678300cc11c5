//! Which version this is, and what it was built from.

use std::sync::LazyLock;

use chrono::DateTime;
use service::database_url;

/// What `teamnotes --version` prints after the name.
pub(super) static LONG: LazyLock<String> = LazyLock::new(|| {
    let commit = option_env!("TEAMNOTES_COMMIT").unwrap_or("unknown");
    let committed =
        option_env!("TEAMNOTES_COMMIT_TIME").and_then(day).unwrap_or_else(|| "unknown".into());
    format!(
        "{}\ncommit: {commit}\ncommit date: {committed}\nengines: {}",
        env!("CARGO_PKG_VERSION"),
        database_url::ENGINES.join(", ")
    )
});

/// The day in UTC of a time in seconds since 1970.
fn day(seconds: &str) -> Option<String> {
    let time = DateTime::from_timestamp(seconds.parse().ok()?, 0)?;
    Some(time.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_as_its_day_in_utc() {
        assert_eq!(day("1764289378").as_deref(), Some("2025-11-28"));
        assert_eq!(day("1764287999").as_deref(), Some("2025-11-27"));
        assert_eq!(day(""), None);
        assert_eq!(day("9".repeat(30).as_str()), None);
    }
}
