//! Values of the domain in bodies: read by the domain itself, described by its limits.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use entity::{MarkId, NoteId, TeamId, UserId, api_token::Scope};
use service::{
    api_tokens::TokenName,
    doctor::Health,
    invitations,
    notes::Content,
    sessions,
    teams::TeamName,
    users::{Name, Password, Username},
};
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat};

use crate::http::{
    extract::{Violations, parsed},
    schema::{describe, id, line, lines, string, text},
};

macro_rules! ids {
    ($($id:ty),+) => {$(
        impl Deserr<Violations> for $id {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                at: ValuePointerRef<'_>,
            ) -> Result<Self, Violations> {
                parsed(value, at, |id: i64| Self::try_from(id))
            }
        }
    )+};
}

ids!(MarkId, NoteId, TeamId, UserId);

/// The schema of every id.
pub(crate) struct IdSchema;

describe!(IdSchema as "Id": id().description(Some("A positive integer.")));

/// The schema of every version.
pub(crate) struct VersionSchema;

describe!(VersionSchema as "Version": id().description(Some(
    "Starts at 1, and grows by one with each change of the resource itself."
)));

macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident, $literal:literal: $value:ty = $schema:expr;)+) => {$(
        impl Deserr<Violations> for $value {
            fn deserialize_from_value<V: IntoValue>(
                value: Value<V>,
                at: ValuePointerRef<'_>,
            ) -> Result<Self, Violations> {
                parsed(value, at, <$value>::parse)
            }
        }

        $(#[$doc])+
        pub(crate) struct $name;

        describe!($name as $literal: $schema);
    )+};
}

texts! {
    /// The schema of [`Content`].
    ContentText, "Content": Content =
        sized(lines(), "The text of a note; not blank.", 1, Content::MAX_CHARS)
            .examples(["Test backups by restoring them"]);

    /// The schema of [`TeamName`].
    TeamNameText, "TeamName": TeamName =
        sized(line(), "A team's name; not blank.", 1, TeamName::MAX_CHARS).examples(["Operations"]);

    /// The schema of [`TokenName`].
    TokenNameText, "TokenName": TokenName =
        sized(line(), "What to call an API token; not blank.", 1, TokenName::MAX_CHARS).examples(["Nightly backup"]);

    /// The schema of [`Name`].
    NameText, "Name": Name =
        sized(line(), "A user's name to show; not blank.", 1, Name::MAX_CHARS).examples(["Alice Walker"]);

    /// The schema of [`Username`].
    UsernameText, "Username": Username =
        sized(string(), "What a user logs in with; stored in lower case.", Username::MIN_CHARS, Username::MAX_CHARS)
            .pattern(Some("^[A-Za-z][A-Za-z0-9._@+-]*$"))
            .examples(["alice"]);

    /// The schema of [`Password`].
    PasswordText, "Password": Password =
        sized(text(), "A password; not one of the most common.", Password::MIN_CHARS, Password::MAX_CHARS)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .examples(["walnut-harbour-42"]);
}

impl Deserr<Violations> for Scope {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, Violations> {
        parsed(value, at, |text: String| text.parse::<Self>())
    }
}

/// The schema of [`Scope`].
pub(crate) struct ScopeText;

describe!(ScopeText as "Scope": string()
    .description(Some("What an API token allows. Each scope includes `read`."))
    .enum_values(Some(Scope::ALL.map(Scope::name)))
    .examples(["notes:write"]));

/// The schema of [`Health`].
pub(crate) struct HealthText;

describe!(HealthText as "Health": string()
    .description(Some("`ok`: as it should be. `look`: it works, but needs attention. `bad`: it does not work."))
    .enum_values(Some(Health::ALL.map(Health::word)))
    .examples(["ok"]));

/// The schema of the token of an invitation.
pub(crate) struct InvitationTokenText;

describe!(InvitationTokenText as "InvitationToken": text()
    .description(Some("The token of an invitation, which can be part of a URL."))
    .max_length(Some(invitations::MAX_TOKEN_CHARS))
    .examples(["q1tLhYjPz0bQe9Vd3mXo5rTn7wKc2sGf4uAi6yEvBxM"]));

/// The schema of the token with which the first admin is made.
pub(crate) struct SetupTokenText;

describe!(SetupTokenText as "SetupToken": text()
    .description(Some("What the service prints when it starts without an admin."))
    .max_length(Some(invitations::MAX_TOKEN_CHARS))
    .examples(["m3nRk0Zc8sYqHx5xTg1wJ7aVb2dLf9hPiOo4tN6yKpQ"]));

/// The schema of a username that is sent to log in.
pub(crate) struct SentUsername;

describe!(SentUsername as "SentUsername": sent().examples(["alice"]));

/// The schema of a password that is sent to be verified.
pub(crate) struct SentPassword;

describe!(SentPassword as "SentPassword": sent()
    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
    .examples(["walnut-harbour-42"]));

fn sent() -> ObjectBuilder {
    text().max_length(Some(sessions::MAX_CREDENTIAL_CHARS))
}

fn sized(text: ObjectBuilder, description: &str, min: usize, max: usize) -> ObjectBuilder {
    text.description(Some(description)).min_length(Some(min)).max_length(Some(max))
}
