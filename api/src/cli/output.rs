//! Writing to standard output, which may be closed or full, and to terminals, which some characters in
//! users' names would control.

use std::{
    fmt::{Display, Write as _},
    io::{self, Read, Write},
    path::Path,
};

use serde_json::Value;

use super::CommandError;
use crate::server::{is_invisible, visible};

/// Prints a line.
pub(super) fn line(text: impl Display) -> Result<(), CommandError> {
    print(&format!("{}\n", visible(&text.to_string())))
}

/// Prints text that includes its line breaks, and is known to be harmless.
pub(super) fn print(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CommandError::Output)
}

/// Whether the name of a file means standard input or output.
pub(super) fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Writes data to standard output. Unlike with text, a reader that does not want all of it is a failure.
pub(super) fn copy(data: &mut impl Read) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let copied = io::copy(data, &mut out).and_then(|_| out.flush());
    copied.map_err(|error| CommandError::Input(format!("can't write to standard output: {error}")))
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

/// JSON with `\u202e` in place of U+202E, and so on. Such characters only occur in strings.
fn visible_json(value: &Value) -> String {
    let mut visible = String::new();
    for c in value.to_string().chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(visible, "\\u{unit:04x}");
            }
        } else {
            visible.push(c);
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_has_the_same_with_those_characters_escaped() {
        let value = json!({ "name": "a\u{202e}\u{2028}\u{7f}\u{e0001}b\n" });
        let text = visible_json(&value);
        assert_eq!(text, r#"{"name":"a\u202e\u2028\u007f\udb40\udc01b\n"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
