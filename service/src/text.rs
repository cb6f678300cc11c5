//! What all text that comes in must be.

/// Text of so many characters (Unicode scalar values), not blank and without NUL.
pub(crate) fn checked(text: String, max: usize) -> Result<String, String> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.trim().is_empty() {
        return Err("must not be blank".into());
    }
    if text.chars().count() > max {
        return Err(format!("must be at most {max} characters long"));
    }
    without_nul(text)
}

/// PostgreSQL can't hold NUL in text, so it is refused everywhere.
pub(crate) fn without_nul(text: String) -> Result<String, String> {
    if text.contains('\0') { Err("must not contain NUL".into()) } else { Ok(text) }
}
