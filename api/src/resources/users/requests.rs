use deserr::Deserr;
use service::{
    sessions,
    users::{DisabledFilter, Filter, Name, NewUser, Password, UserChange, Username},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::{
        extract::{
            BadParameter, Includable, Include, SearchText, ViewQuery, Violations, flag, number,
        },
        schema::{describe, string},
    },
    resources::values::{NameText, PasswordText, SentPassword, UsernameText},
};

/// A user to create.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewUser)]
pub(crate) struct NewUserBody {
    #[schema(value_type = UsernameText)]
    username: Username,
    #[schema(value_type = NameText)]
    name: Name,
    #[schema(value_type = PasswordText)]
    password: Password,
}

impl From<NewUserBody> for NewUser {
    fn from(NewUserBody { username, name, password }: NewUserBody) -> Self {
        Self { username, name, password }
    }
}

/// Changes to a user; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = UserChange, example = json!({ "name": "Alice Walker" }))]
pub(crate) struct UserChangeBody {
    #[deserr(default, from(Name) = Some)]
    #[schema(value_type = Option<NameText>, nullable = false)]
    name: Option<Name>,
    #[deserr(default, from(Password) = Some)]
    #[schema(value_type = Option<PasswordText>, nullable = false)]
    password: Option<Password>,
    /// The current password; required to change one's own `password`.
    #[deserr(default, try_from(String) = credential -> String)]
    #[schema(value_type = Option<SentPassword>, nullable = false)]
    current_password: Option<String>,
    /// Whether the new `password` ends the user's API tokens too.
    #[deserr(default)]
    #[schema(required = false, example = false)]
    end_tokens: bool,
    /// Can only be set by admins.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false, example = false)]
    admin: Option<bool>,
    /// Can only be set by admins. Enabling a user ends the user's old sessions.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false, example = false)]
    disabled: Option<bool>,
}

fn credential(text: String) -> Result<Option<String>, String> {
    sessions::credential(text).map(Some).map_err(|error| error.to_string())
}

impl From<UserChangeBody> for UserChange {
    fn from(change: UserChangeBody) -> Self {
        let UserChangeBody { name, password, current_password, end_tokens, admin, disabled } =
            change;
        Self { name, password, current_password, end_tokens, address: None, admin, disabled }
    }
}

/// Which users to list; all conditions must hold.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserQuery {
    /// Only admins, or only users who are not admins.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    admin: Option<bool>,
    /// A pattern for the name, ignoring case: `%` matches any text, `_` any character, `\` escapes.
    #[deserr(default, from(SearchText) = Some)]
    #[param(inline, example = "%jami%")]
    name: Option<SearchText>,
    /// Users with more than this many public notes.
    #[deserr(default, try_from(String) = count -> String)]
    #[param(minimum = 0, maximum = 9_223_372_036_854_775_807_isize)]
    with_notes: Option<i64>,
    /// Enabled users (`false`), disabled ones (`true`) or both (`any`); the last two are for admins.
    #[deserr(default)]
    #[param(inline, required = false)]
    disabled: DisabledParameter,
}

fn count(text: String) -> Result<Option<i64>, String> {
    let count = number(&text).map(Some);
    count.ok_or_else(|| format!("must be an integer from 0 to {}", i64::MAX))
}

/// Whether disabled users are listed.
#[derive(Clone, Copy, Default, Deserr)]
#[deserr(error = BadParameter)]
pub(crate) enum DisabledParameter {
    #[default]
    #[deserr(rename = "false")]
    Without,
    #[deserr(rename = "true")]
    Only,
    #[deserr(rename = "any")]
    Any,
}

describe!(DisabledParameter as "Disabled": string()
    .enum_values(Some(["false", "true", "any"]))
    .default(Some("false".into()))
    .examples(["any"]));

impl From<DisabledParameter> for DisabledFilter {
    fn from(parameter: DisabledParameter) -> Self {
        match parameter {
            DisabledParameter::Without => Self::Without,
            DisabledParameter::Only => Self::Only,
            DisabledParameter::Any => Self::Any,
        }
    }
}

impl From<UserQuery> for Filter {
    fn from(UserQuery { admin, name, with_notes, disabled }: UserQuery) -> Self {
        let name = name.map(|SearchText(pattern)| pattern);
        Self { admin, name, with_notes, disabled: disabled.into() }
    }
}

/// What else can be said of the request of a user.
#[derive(Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UserViewQuery {
    /// Whether to include the teams, in addition to what `include` says.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    teams: Option<bool>,
    /// Only marked notes that the user has read, or only unread ones. Requires that `marked_notes` are included.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    pub(super) read: Option<bool>,
}

impl ViewQuery<UserInclude> for UserViewQuery {
    fn apply(&self, include: &mut Include<UserInclude>) -> Result<(), String> {
        if self.teams == Some(true) {
            include.add(UserInclude::Teams);
        }
        if self.read.is_some() && !include.has(UserInclude::MarkedNotes) {
            return Err("read filters marked_notes, which are not included".into());
        }
        Ok(())
    }
}

/// What can be included with a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum UserInclude {
    Notes,
    MarkedNotes,
    Teams,
}

impl Includable for UserInclude {
    const ALL: &[(&str, Self, &[&str])] = &[
        ("notes", Self::Notes, &["notes", "visible_note_count"]),
        ("marked_notes", Self::MarkedNotes, &["marked_notes", "marked_count"]),
        ("teams", Self::Teams, &["teams", "team_count"]),
    ];
    const DEFAULT: &[Self] = &[Self::Notes, Self::MarkedNotes];
}

/// What can be included with each user of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListedUserInclude {
    Notes,
    Teams,
}

impl Includable for ListedUserInclude {
    const ALL: &[(&str, Self, &[&str])] =
        &[("notes", Self::Notes, &["notes"]), ("teams", Self::Teams, &["teams", "team_count"])];
    const DEFAULT: &[Self] = &[Self::Notes, Self::Teams];
}
