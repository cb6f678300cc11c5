//! Writing to standard output, which may be closed or full, and to terminals, which obey some of the
//! characters that users may have put into their names.

use std::{
    fmt::Display,
    io::{self, Write},
};

use icu_properties::{CodePointMapData, props::GeneralCategory};
use serde_json::Value;

use super::CommandError;

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), CommandError> {
    print(&format!("{}\n", visible(&text.to_string())))
}

/// Prints text that includes its line breaks, and is known to be harmless.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CommandError::Output)
}

/// Prints a value as JSON on one line.
pub(super) fn json(value: &Value) -> Result<(), CommandError> {
    print(&format!("{}\n", visible_json(value)))
}

/// Prints lines to standard error. There is nowhere to report a failure of that.
pub(super) fn note(text: impl Display) {
    let text = text.to_string();
    let lines: Vec<String> = text.lines().map(visible).collect();
    let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
}

/// The text with `\u{202e}` in place of U+202E, and so on.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            visible.extend(c.escape_unicode());
        } else {
            visible.push(c);
        }
    }
    visible
}

/// JSON with `\u202e` in place of U+202E, and so on. Outside of strings there are no such characters.
fn visible_json(value: &Value) -> String {
    let mut visible = String::new();
    for c in value.to_string().chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                visible += &format!("\\u{unit:04x}");
            }
        } else {
            visible.push(c);
        }
    }
    visible
}

/// Whether a character moves the cursor, breaks the line, turns the direction of text or shows nothing.
/// Scripts and emoji need the joiners.
fn is_invisible(c: char) -> bool {
    const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
    !JOINERS.contains(&c)
        && matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
        )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        for (text, expected) in [
            ("Alice Walker", "Alice Walker"),
            (
                "Zoë 日本 हिन्दी می\u{200c}خواهم 👩\u{200d}🚀",
                "Zoë 日本 हिन्दी می\u{200c}خواهم 👩\u{200d}🚀",
            ),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("a\u{1b}[31m\r\n", "a\\u{1b}[31m\\u{d}\\u{a}"),
            ("\u{9b}31m\u{2066}\u{feff}", "\\u{9b}31m\\u{2066}\\u{feff}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn json_says_the_same_with_those_characters_escaped() {
        let value = json!({ "name": "a\u{202e}\u{2028}\u{7f}\u{e0001}b\n" });
        let text = visible_json(&value);
        assert_eq!(text, r#"{"name":"a\u202e\u2028\u007f\udb40\udc01b\n"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
