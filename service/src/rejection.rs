/// Why a value is invalid, as the rest of a sentence that starts with its name: "content must not be empty".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It has only white space.
    #[error("must not be blank")]
    Blank,
    /// It has too many characters (Unicode scalar values).
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The maximum.
        max: usize,
    },
    /// It has too few or too many characters (Unicode scalar values).
    #[error("must be {min} to {max} characters long")]
    Length {
        /// The minimum.
        min: usize,
        /// The maximum.
        max: usize,
    },
    /// PostgreSQL can't store NUL in text.
    #[error("must not contain NUL")]
    Nul,
    /// It has a control character (C0, DEL or C1).
    #[error("must not contain control characters")]
    ControlCharacter,
    /// It has a character that is not allowed in usernames.
    #[error("must consist of the characters a-z, 0-9 and . _ @ + -")]
    UsernameCharacter,
    /// A username that starts with anything else could be mistaken for an id.
    #[error("must start with a letter")]
    UsernameStart,
    /// Attackers try it first.
    #[error("is one of the most common passwords")]
    CommonPassword,
    /// It is a time that has passed.
    #[error("must be in the future")]
    Past,
}
