/// Why a value is not allowed. Reads on from the name of the value: "content must not be empty".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing is there.
    #[error("must not be empty")]
    Empty,
    /// Nothing but white space is there.
    #[error("must not be blank")]
    Blank,
    /// There are too many characters (Unicode scalar values).
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The most there may be.
        max: usize,
    },
    /// There are too few or too many characters (Unicode scalar values).
    #[error("must be {min} to {max} characters long")]
    Length {
        /// The fewest there may be.
        min: usize,
        /// The most there may be.
        max: usize,
    },
    /// PostgreSQL can't store NUL in text.
    #[error("must not contain NUL")]
    Nul,
    /// A control character (C0, DEL or C1) is in it.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// A character is not one of those in usernames.
    #[error("must consist of the characters a-z, 0-9 and . _ @ + -")]
    UsernameCharacter,
    /// A username that starts with something else could be taken for an id.
    #[error("must start with a letter")]
    UsernameStart,
    /// Attackers try it first.
    #[error("is one of the most common passwords")]
    CommonPassword,
}
