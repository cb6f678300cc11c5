//! Validation of all incoming text.

use std::ops::RangeInclusive;

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

use crate::Rejection;

/// Accepts a single line: not blank, at most `max` characters, no control characters.
pub(crate) fn line(text: String, max: usize) -> Result<String, Rejection> {
    checked(text, max, |_| false)
}

/// Accepts lines of text: as [`line()`], but tabs and line breaks are allowed.
pub(crate) fn lines(text: String, max: usize) -> Result<String, Rejection> {
    checked(text, max, |c| matches!(c, '\t' | '\n' | '\r'))
}

fn checked(
    text: String,
    max: usize,
    is_allowed: impl Fn(char) -> bool,
) -> Result<String, Rejection> {
    let text = without_nul(stored(text, max)?)?;
    if text.chars().all(is_blank) {
        return Err(Rejection::Blank);
    }
    if text.chars().any(|c| c.is_control() && !is_allowed(c)) {
        return Err(Rejection::ControlCharacter);
    }
    Ok(text)
}

/// Whether nothing is to be seen of a character.
fn is_blank(c: char) -> bool {
    const BRAILLE_PATTERN_BLANK: char = '\u{2800}';
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    c.is_whitespace() || c == BRAILLE_PATTERN_BLANK || ignorable.contains(c)
}

/// Accepts what earlier versions stored: not blank, at most `max` characters, no NUL.
pub(crate) fn stored(text: String, max: usize) -> Result<String, Rejection> {
    if text.is_empty() {
        return Err(Rejection::Empty);
    }
    if text.trim().is_empty() {
        return Err(Rejection::Blank);
    }
    if text.chars().count() > max {
        return Err(Rejection::TooLong { max });
    }
    without_nul(text)
}

/// Accepts text of `min` to `max` characters.
pub(crate) fn sized(text: String, length: RangeInclusive<usize>) -> Result<String, Rejection> {
    if length.contains(&text.chars().count()) {
        return Ok(text);
    }
    let (min, max) = length.into_inner();
    Err(Rejection::Length { min, max })
}

/// Accepts text without NUL, which PostgreSQL can't store.
pub(crate) fn without_nul(text: String) -> Result<String, Rejection> {
    if text.contains('\0') { Err(Rejection::Nul) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_rejected_except_tabs_and_line_breaks_in_multi_line_text() {
        for control in ['\u{1}', '\u{1b}', '\u{7f}', '\u{85}', '\u{9f}'] {
            let text = format!("a{control}b");
            assert_eq!(lines(text.clone(), 10), Err(Rejection::ControlCharacter));
            assert_eq!(line(text, 10), Err(Rejection::ControlCharacter));
        }
        assert!(lines("a\tb\r\nc".into(), 10).is_ok());
        assert_eq!(line("a\tb".into(), 10), Err(Rejection::ControlCharacter));
        assert_eq!(lines("a\0b".into(), 10), Err(Rejection::Nul));
        assert_eq!(line(" \n".into(), 10), Err(Rejection::Blank));
    }

    #[test]
    fn text_of_which_nothing_is_to_be_seen_is_blank() {
        for c in ['\u{a0}', '\u{ad}', '\u{200b}', '\u{200d}', '\u{2800}', '\u{3164}', '\u{feff}'] {
            assert_eq!(line(format!(" {c}{c}"), 10), Err(Rejection::Blank), "{c:?}");
            assert_eq!(lines(format!("\n{c}"), 10), Err(Rejection::Blank), "{c:?}");
            assert!(line(format!("{c}a"), 10).is_ok(), "{c:?}");
        }
    }
}
