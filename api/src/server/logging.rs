//! The log: one line per request and per failure, as text for people or as JSON for machines.

use std::{
    io::{self, Write},
    panic,
};

use env_logger::Target;
use log::{Level, LevelFilter, Record, kv};
use serde_json::{Map, Value, json};
use service::clock;

use super::{is_invisible, log_writer::LogWriter, visible};

/// The default of RUST_LOG. Malformed HTTP from clients is not worth an error.
const LOGGED: &str = "info,actix_server=warn,actix_http=off,sea_orm_migration=warn";

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Time, level, message, `key=value` pairs.
    #[default]
    Text,
    /// One object per line.
    Json,
}

/// Starts the log, to standard error, with the records that `filter` selects; panics are logged too. Call it
/// once, and `finish` what it returns before the process ends.
///
/// # Errors
/// If the thread that writes can't be started.
pub(crate) fn start(format: LogFormat, filter: Option<&str>) -> io::Result<LogWriter> {
    let writer = LogWriter::start(io::stderr())?;
    env_logger::Builder::new()
        .parse_filters(filter.unwrap_or(LOGGED))
        .format(move |out, record| write(out, format, record))
        .target(Target::Pipe(Box::new(writer.clone())))
        .init();
    // The default hook would wait for whoever reads standard error.
    panic::set_hook(Box::new(|panicked| log::error!("{panicked}")));
    Ok(writer)
}

/// Starts the log of a command, which says on standard error what its user should know.
pub(crate) fn start_for_command() {
    env_logger::Builder::new()
        .filter_level(LevelFilter::Warn)
        .format(|out, record| {
            if may_be_written(record) {
                writeln!(out, "warning: {}", visible(&record.args().to_string()))?;
            }
            Ok(())
        })
        .init();
}

/// Writes a record as a line, unless it may contain confidential data.
///
/// # Errors
/// If writing to `out` fails.
pub fn write(out: &mut impl Write, format: LogFormat, record: &Record<'_>) -> io::Result<()> {
    match (may_be_written(record), format) {
        (false, _) => Ok(()),
        (true, LogFormat::Text) => write_text(out, record),
        (true, LogFormat::Json) => write_json(out, record),
    }
}

/// Detailed records of libraries may contain bound values: notes, names, hashes. Those are not written,
/// whatever RUST_LOG says.
fn may_be_written(record: &Record<'_>) -> bool {
    let own = ["api", "service", "entity", "migration"];
    let krate = record.target().split("::").next().unwrap_or_default();
    record.level() <= Level::Info || own.contains(&krate)
}

fn write_text(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let time = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    write!(out, "{time} {} {}", record.level(), visible(&record.args().to_string()))?;
    for (key, value) in pairs(record) {
        match value {
            Value::String(text) => write!(out, " {key}={}", quoted(&text))?,
            value => write!(out, " {key}={value}")?,
        }
    }
    writeln!(out)
}

/// The text on one line, in quotes where a reader could not tell where it ends.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '=') && !is_invisible(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", visible(&escaped))
}

fn write_json(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let mut line = json!({
        "time": clock::now(),
        "level": record.level().as_str(),
        "target": record.target(),
        "message": record.args().to_string(),
    });
    if let Some(members) = line.as_object_mut() {
        members.extend(pairs(record));
    }
    writeln!(out, "{line}")
}

fn pairs(record: &Record<'_>) -> Map<String, Value> {
    struct Collect(Map<String, Value>);

    impl<'kvs> kv::VisitSource<'kvs> for Collect {
        fn visit_pair(
            &mut self,
            key: kv::Key<'kvs>,
            value: kv::Value<'kvs>,
        ) -> Result<(), kv::Error> {
            let mut json = AsJson(None);
            value.visit(&mut json)?;
            self.0.extend(json.0.map(|value| (key.to_string(), value)));
            Ok(())
        }
    }

    let mut collect = Collect(Map::new());
    // Collecting never fails.
    let _ = record.key_values().visit(&mut collect);
    collect.0
}

/// A value in JSON: an integer or text; nothing if there is none.
struct AsJson(Option<Value>);

impl kv::VisitValue<'_> for AsJson {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        self.0 = Some(json!(value.to_string()));
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        Ok(())
    }

    fn visit_i64(&mut self, number: i64) -> Result<(), kv::Error> {
        self.0 = Some(json!(number));
        Ok(())
    }

    fn visit_u64(&mut self, number: u64) -> Result<(), kv::Error> {
        self.0 = Some(json!(number));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_of<T>(target: &str, level: Level, then: impl FnOnce(&Record<'_>) -> T) -> T {
        let pairs = [
            ("status", kv::Value::from(200)),
            ("route", kv::Value::from("/api/notes")),
            ("user", kv::Value::null()),
        ];
        let pairs: &[(&str, kv::Value<'_>)] = &pairs;
        let mut record = Record::builder();
        record.target(target).level(level).key_values(&pairs);
        then(&record.args(format_args!("a \"request\"")).build())
    }

    #[test]
    fn text_is_one_line_of_key_value_pairs() {
        let mut out = Vec::new();
        record_of("api", Level::Info, |record| write_text(&mut out, record)).unwrap();
        let line = String::from_utf8(out).unwrap();
        assert!(line.ends_with(" INFO a \"request\" route=/api/notes status=200\n"), "{line}");
    }

    #[test]
    fn values_with_spaces_are_quoted() {
        for (text, expected) in [
            ("success", "success"),
            ("/api/notes/{id}", "/api/notes/{id}"),
            ("invalid username or password", r#""invalid username or password""#),
            ("", r#""""#),
            ("a=b", r#""a=b""#),
            (r#"a"b\c d"#, r#""a\"b\\c d""#),
            ("a\nb", r#""a\u{a}b""#),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn json_is_one_object_per_line() {
        let mut out = Vec::new();
        record_of("api", Level::Info, |record| write_json(&mut out, record)).unwrap();
        let line: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(line["message"], "a \"request\"");
        assert_eq!((&line["status"], &line["route"]), (&json!(200), &json!("/api/notes")));
    }

    #[test]
    fn details_from_libraries_are_not_logged() {
        for (target, level, is_written) in [
            ("sqlx::query", Level::Debug, false),
            ("sea_orm::driver", Level::Trace, false),
            ("sqlx::query", Level::Warn, true),
            ("api::middleware", Level::Debug, true),
        ] {
            assert_eq!(record_of(target, level, may_be_written), is_written, "{target}");
        }
    }
}
