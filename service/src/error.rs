use std::{collections::HashSet, fmt, hash::Hash, time::Duration};

use entity::api_token::Scope;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::Quota;
pub(crate) use crate::constraints::Constraints;

/// What a use case returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can go wrong, in terms of the domain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call needs a session, but there is no token.
    #[error("token missing")]
    TokenMissing,
    /// The token is malformed, forged, or of another algorithm, or it is an API token that does not exist (any
    /// more).
    #[error("token invalid")]
    TokenInvalid,
    /// The token was valid once: it has expired, or its session has ended.
    #[error("session expired")]
    SessionExpired,
    /// The token's user is disabled.
    #[error("account disabled")]
    AccountDisabled,
    /// No such user, or a wrong password: deliberately not which.
    #[error("invalid username or password")]
    WrongCredentials,
    /// The right password, but the user is disabled.
    #[error("account disabled, please contact admin")]
    LoginDisabled,
    /// Not the token with which the first admin is made.
    #[error("the token is not the one that the service has printed when it started")]
    WrongSetupToken,
    /// There is an admin, so that the first one can't be made any more.
    #[error("there is an admin already")]
    IsSetUp,
    /// Signed in, but not allowed.
    #[error("operation not allowed")]
    NotAllowed,
    /// The scopes of the API token do not allow this; this one would, if any does.
    #[error("token does not allow this")]
    OutOfScope(Option<Scope>),
    /// Only admins create users here.
    #[error("registration is closed")]
    RegistrationClosed,
    /// It does not exist, or the actor may not know that it does.
    #[error("not found")]
    NotFound,
    /// The value is taken.
    #[error("{0} must be unique")]
    Taken(Field),
    /// The user has as many API tokens as a user can have.
    #[error("a user can't have more than {max} API tokens")]
    TooManyApiTokens {
        /// The maximum.
        max: u64,
    },
    /// The change would leave the service without an admin.
    #[error("the last admin can't be disabled, demoted or deleted")]
    LastAdmin,
    /// The change would leave the team without an owner.
    #[error("the last owner of a team can't leave it or become a member")]
    LastOwner,
    /// The note's visibility is another one than `team`.
    #[error("only a note of visibility team is shared with teams")]
    NotForTeams,
    /// The change would leave a note for teams without one.
    #[error("a note of visibility team must be shared with at least one team")]
    LastTeam,
    /// The resource is in another version than the change is meant for.
    #[error("the resource has been changed since it was read")]
    Outdated,
    /// The change does not say which version it is meant for, as it must here.
    #[error("a change must name the version that it is meant for, in If-Match")]
    VersionMissing,
    /// The position where a page is to start is that of another list or another order.
    #[error("cursor does not belong to this list")]
    ForeignPosition,
    /// The same request, with the same idempotency key, has not been answered yet.
    #[error("the first request with this Idempotency-Key is still in progress, try again later")]
    InProgress,
    /// The idempotency key belongs to another request.
    #[error("the Idempotency-Key was used for another request, choose a new one")]
    KeyReused,
    /// Invalid values.
    #[error("{}", joined(.0))]
    Invalid(Vec<Violation>),
    /// Wrong passwords or sign-ups in too quick succession.
    #[error("too many attempts, try again later")]
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
        /// The quota that is used up.
        quota: Quota,
    },
    /// The database is out of reach or overloaded; the same call may work soon.
    #[error("the service is not available right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database takes no changes at present, for instance since its server is no longer the primary.
    #[error("the database is read-only")]
    ReadOnly,
    /// A bug or a failure of the service.
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
    /// Where: a JSON pointer (RFC 6901) into the input; empty for the input as a whole.
    pub pointer: String,
    /// Why, as the rest of a sentence that starts with the member's name: `must not be empty`.
    pub detail: String,
}

impl Violation {
    /// A violation of the member with this name, or of one inside it (`user_ids/3`).
    pub fn of(member: impl fmt::Display, detail: impl fmt::Display) -> Self {
        Self { pointer: format!("/{member}"), detail: detail.to_string() }
    }
}

/// How many violations the message spells out; all have their pointers.
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

/// Requires that all of these ids, listed in a member of the input, are known.
///
/// # Errors
/// [`Error::Invalid`], pointing at each that is not.
pub(crate) fn require_known<Id: Eq + Hash>(
    member: &str,
    ids: &[Id],
    known: &HashSet<Id>,
    why: &str,
) -> Result<()> {
    let unknown: Vec<Violation> = (ids.iter().enumerate())
        .filter(|(_, id)| !known.contains(id))
        .map(|(at, _)| Violation::of(format_args!("{member}/{at}"), why))
        .collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::Invalid(unknown)) }
}

impl Error {
    /// A failure without a more specific variant.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// A transient failure.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// A transaction that found rows it had not locked, and must be retried.
    pub(crate) fn retry() -> Self {
        Self::unavailable(Retry)
    }

    /// Whether the transaction was rolled back in favour of another: nothing was done, and a retry may
    /// succeed.
    pub(crate) fn is_retryable(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        source.is::<Retry>() || source.downcast_ref().is_some_and(is_rolled_back)
    }

    /// A single invalid value.
    pub fn invalid(member: &str, detail: impl fmt::Display) -> Self {
        Self::Invalid(vec![Violation::of(member, detail)])
    }
}

/// See [`Error::retry`].
#[derive(Debug, thiserror::Error)]
#[error("rows kept being changed concurrently")]
struct Retry;

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error {
            // Another call has deleted the row in the meantime.
            DbErr::RecordNotUpdated => Self::NotFound,
            error if is_transient(&error) => Self::unavailable(error),
            error => match database_code(&error).as_deref().map_or(Code::Other, Code::of) {
                Code::ReadOnly => Self::ReadOnly,
                Code::NotStorable => Self::Invalid(vec![Violation {
                    pointer: String::new(),
                    detail: "has a value that the database can't store".into(),
                }]),
                Code::Other => Self::internal(error),
            },
        }
    }
}

/// What an error code means that is not transient.
enum Code {
    /// SQLSTATE 25006; SQLite's READONLY.
    ReadOnly,
    /// The SQLSTATE class of data exceptions (22): a number out of range, or text that the encoding lacks.
    NotStorable,
    Other,
}

impl Code {
    fn of(code: &str) -> Self {
        match code {
            "25006" => Self::ReadOnly,
            _ if code.len() == 5 && code.starts_with("22") => Self::NotStorable,
            _ if code.len() != 5 && primary(code) == Some(8) => Self::ReadOnly,
            _ => Self::Other,
        }
    }
}

/// Whether a retry may succeed: the database was out of reach, busy or full, or it rolled back the
/// transaction.
pub(crate) fn is_transient(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match cause(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
        _ => database_code(error).is_some_and(|code| is_transient_code(&code)),
    }
}

/// Whether the database rolled back the transaction, or the statement, in favour of another.
pub(crate) fn is_rolled_back(error: &DbErr) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK_DETECTED: &str = "40P01";
    matches!(database_code(error).as_deref(), Some(SERIALIZATION_FAILURE | DEADLOCK_DETECTED))
}

fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause)) => {
            Some(cause)
        }
        _ => None,
    }
}

/// The database's own error code.
pub(crate) fn database_code(error: &DbErr) -> Option<String> {
    cause(error)?.as_database_error()?.code().map(String::from)
}

/// PostgreSQL: the SQLSTATE classes of connection exceptions (08), transaction rollback (40),
/// insufficient resources (53), operator intervention (57) and system errors (58); idle-in-transaction
/// timeout (25P03), and lock not available (55P03).
/// <https://www.postgresql.org/docs/15/errcodes-appendix.html>
/// SQLite: the primary result codes BUSY, LOCKED, INTERRUPT (a time limit), IOERR, FULL and CANTOPEN. <https://sqlite.org/rescode.html>
fn is_transient_code(code: &str) -> bool {
    if code.len() == 5 {
        return matches!(&code[..2], "08" | "40" | "53" | "57" | "58")
            || matches!(code, "25P03" | "55P03");
    }
    matches!(primary(code), Some(5 | 6 | 9 | 10 | 13 | 14))
}

/// The primary result code in a code of SQLite.
fn primary(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
