//! Text for terminals and logs, without characters that would control them.

use icu_properties::{CodePointMapData, props::GeneralCategory};

/// The text with `\u{202e}` in place of U+202E, and so on.
pub(crate) fn visible(text: &str) -> String {
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

/// Whether a character moves the cursor, breaks the line, changes the direction of text or is invisible.
/// Joiners are kept, since some scripts and emoji need them.
pub(crate) fn is_invisible(c: char) -> bool {
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
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        for (text, expected) in [
            ("Alice Walker", "Alice Walker"),
            ("Zoë 日本 हिन्दी می\u{200c}خواهم", "Zoë 日本 हिन्दी می\u{200c}خواهم"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{2028}b", "a\\u{2028}b"),
            ("a\u{1b}[31m\r\n", "a\\u{1b}[31m\\u{d}\\u{a}"),
            ("\u{9b}31m\u{2066}\u{feff}", "\\u{9b}31m\\u{2066}\\u{feff}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
