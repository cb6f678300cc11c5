use std::{fmt, time::Duration};

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::Quota;

/// What a use case gives.
pub type Result<T> = std::result::Result<T, Error>;

/// All that can go wrong, in words of the domain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call needs a session, and none was shown.
    #[error("token missing")]
    TokenMissing,
    /// The token is malformed, forged, or of another algorithm.
    #[error("token invalid")]
    TokenInvalid,
    /// The token was good once: it has expired, or its session has ended.
    #[error("session expired")]
    SessionExpired,
    /// The token's user is disabled.
    #[error("account disabled")]
    AccountDisabled,
    /// No such user, or not its password: which of them is nobody's business.
    #[error("invalid username or password")]
    WrongCredentials,
    /// The right password of a disabled user.
    #[error("account disabled, please contact admin")]
    LoginDisabled,
    /// Signed in, but not allowed.
    #[error("operation not allowed")]
    NotAllowed,
    /// Only admins make users here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Nothing there, or nothing that the viewer may know of.
    #[error("not found")]
    NotFound,
    /// The value is another's.
    #[error("{0} must be unique")]
    Taken(Field),
    /// The change would leave nobody to administer the service.
    #[error("the last admin can't be disabled, demoted or deleted")]
    LastAdmin,
    /// The change would leave the team without an owner.
    #[error("the last owner of a team can't leave it or become a member")]
    LastOwner,
    /// Values that are not allowed.
    #[error("{}", joined(.0))]
    Invalid(Vec<Violation>),
    /// Wrong passwords or new users in too quick a succession.
    #[error("too many attempts, try again later")]
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
        /// What is used up.
        quota: Quota,
    },
    /// The database is out of reach or overloaded; the same call may work soon.
    #[error("the service is not available right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of the service.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A member whose values are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A user's username.
    Username,
    /// A team's name.
    Name,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "username",
            Self::Name => "name",
        })
    }
}

/// What is wrong with one value of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: a JSON pointer (RFC 6901) into the input; empty for the whole of it.
    pub pointer: String,
    /// Why, so that it goes on from the member's name: `must not be empty`.
    pub detail: String,
}

impl Violation {
    /// A violation of the member of this name, or of one inside it (`user_ids/3`).
    pub fn of(member: impl fmt::Display, detail: impl Into<String>) -> Self {
        Self { pointer: format!("/{member}"), detail: detail.into() }
    }
}

/// So many violations are told in words; all have their pointers.
const SENTENCES: usize = 10;

fn joined(violations: &[Violation]) -> String {
    let mut sentences: Vec<String> = violations
        .iter()
        .take(SENTENCES)
        .map(|violation| match violation.pointer.trim_start_matches('/') {
            "" => format!("the body {}", violation.detail),
            member => format!("{member} {}", violation.detail),
        })
        .collect();
    if violations.len() > SENTENCES {
        sentences.push(format!("and {} more", violations.len() - SENTENCES));
    }
    sentences.join("; ")
}

impl Error {
    /// A fault that has no better name.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// A failure that may pass.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// Whether the database took back the transaction for the sake of another: nothing of it was done,
    /// and the same may work now.
    pub(crate) fn is_taken_back(&self) -> bool {
        const SERIALIZATION_FAILURE: &str = "40001";
        const DEADLOCK_DETECTED: &str = "40P01";
        let Self::Unavailable(source) = self else { return false };
        let code = source.downcast_ref().and_then(database_code);
        matches!(code.as_deref(), Some(SERIALIZATION_FAILURE | DEADLOCK_DETECTED))
    }

    /// One value that is not allowed.
    pub fn invalid(member: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation::of(member, detail)])
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            // Another call deleted the row meanwhile.
            DbErr::RecordNotUpdated => Self::NotFound,
            error if is_passing(&error) => Self::unavailable(error),
            error => Self::internal(error),
        }
    }
}

/// Turns what the database says of constraints into what it means where it was said.
pub(crate) trait Constraints<T> {
    /// A unique value that was taken is this error.
    fn unless_taken(self, field: Field) -> Result<T>;
    /// A reference to a row that is not there is this error.
    fn unless_dangling(self, error: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> Constraints<T> for std::result::Result<T, DbErr> {
    fn unless_taken(self, field: Field) -> Result<T> {
        self.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) => Error::Taken(field),
            _ => error.into(),
        })
    }

    fn unless_dangling(self, dangling: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|error| match error.sql_err() {
            Some(sea_orm::SqlErr::ForeignKeyConstraintViolation(_)) => dangling(),
            _ => error.into(),
        })
    }
}

/// Whether the same call may work in a moment: the database was out of reach, busy or full, or it
/// took back the transaction.
fn is_passing(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match cause(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
        _ => database_code(error).is_some_and(|code| is_passing_code(&code)),
    }
}

fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            Some(cause)
        }
        _ => None,
    }
}

/// The database's own code of an error.
fn database_code(error: &DbErr) -> Option<String> {
    cause(error)?.as_database_error()?.code().map(String::from)
}

/// PostgreSQL: the classes of SQLSTATE for lost connections (08), transactions taken back (40), lack
/// of resources (53), an operator's hand (57) and a system that fails (58); a transaction that was idle
/// for too long (25P03), a server that only reads, as one does that another takes over from (25006),
/// and a lock that was not free (55P03).
/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
/// SQLite: the primary result codes BUSY, LOCKED, IOERR and FULL. <https://sqlite.org/rescode.html>
fn is_passing_code(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(&code[..2], "08" | "40" | "53" | "57" | "58")
            || matches!(code, "25006" | "25P03" | "55P03");
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
}
