use service::users::{Change, DisabledFilter, Filter, Include, Name, NewUser, Password, Username};
use utoipa::{IntoParams, ToSchema};

use crate::{
    http::extract::{FromBody, FromQuery, Members, Params, boolean, text},
    http::problem::Problem,
};

/// Who signs up.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `NewUser::from_body` reads")]
pub(crate) struct NewUserBody {
    /// Upper case becomes lower case.
    #[schema(pattern = "^[A-Za-z][A-Za-z0-9._@+-]{2,63}$", example = "alice")]
    username: String,
    #[schema(min_length = 1, max_length = 100, example = "Alice Walker")]
    name: String,
    /// Not one of the most common ones.
    #[schema(min_length = 8, max_length = 256, format = Password, example = "walnut-harbour-42")]
    password: String,
}

impl FromBody for NewUser {
    fn from_body(body: &mut Members) -> Option<Self> {
        let username = body.required("username", text(Username::parse));
        let name = body.required("name", text(Name::parse));
        let password = body.required("password", text(Password::parse));
        Some(Self { username: username?, name: name?, password: password? })
    }
}

/// What to change of a user; what is left out stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `Change::from_body` reads")]
pub(crate) struct UserChangeBody {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    #[schema(min_length = 8, max_length = 256, format = Password, nullable = false)]
    password: Option<String>,
    /// With one's own new `password`: the one so far.
    #[schema(format = Password, nullable = false)]
    current_password: Option<String>,
    /// For admins to set.
    #[schema(nullable = false)]
    admin: Option<bool>,
    /// For admins to set. Enabling ends the sessions from before.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

impl FromBody for Change {
    fn from_body(body: &mut Members) -> Option<Self> {
        let name = body.optional("name", text(Name::parse));
        let password = body.optional("password", text(Password::parse));
        let current = body.optional("current_password", text(service::sessions::credential));
        let admin = body.optional("admin", boolean);
        let disabled = body.optional("disabled", boolean);
        Some(Self {
            name: name?,
            password: password?,
            current_password: current?,
            admin: admin?,
            disabled: disabled?,
        })
    }
}

/// Which users to list; conditions combine with AND.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Filter::from_query` reads")]
pub(crate) struct UserParams {
    /// Admins only, or all but admins.
    admin: Option<bool>,
    /// A pattern for the name, without case: `%` is any text, `_` any character, `\` takes the next
    /// one as it is.
    #[param(max_length = 1000, example = "%jami%")]
    name: Option<String>,
    /// Users with more than so many notes.
    #[param(minimum = 0)]
    with_notes: Option<i64>,
    /// Enabled users (`false`, the default), disabled ones (`true`) or both (`any`); the last two
    /// are for admins.
    #[param(pattern = "^(true|false|any)$")]
    disabled: Option<String>,
}

impl FromQuery for Filter {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        let admin = params.boolean("admin")?;
        let name = params.text("name")?;
        let with_notes = params.integer("with_notes", 0..=i64::MAX)?;
        let disabled = match params.take("disabled").as_deref() {
            None | Some("false") => DisabledFilter::Without,
            Some("true") => DisabledFilter::Only,
            Some("any") => DisabledFilter::Any,
            Some(_) => {
                return Err(Problem::BadRequest("disabled must be true, false or any".into()));
            }
        };
        Ok(Self { admin, name, with_notes, disabled })
    }
}

/// What else to tell of a user.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Include::from_query` reads")]
pub(crate) struct IncludeParams {
    /// With the teams.
    teams: Option<bool>,
    /// Only marked notes that the user has read, or has yet to read.
    read: Option<bool>,
}

impl FromQuery for Include {
    fn from_query(params: &mut Params) -> Result<Self, Problem> {
        let teams = params.boolean("teams")?.unwrap_or(false);
        Ok(Self { teams, read: params.boolean("read")? })
    }
}
