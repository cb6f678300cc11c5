//! `/api/setup` and `/api/doctor`

use api_macros::operation;
use deserr::Deserr;
use serde::Serialize;
use service::{
    doctor::{self, Finding},
    invitations, setup,
    users::{Name, NewUser, Password, Username},
};
use utoipa::ToSchema;

use super::{
    users::UserBody,
    values::{HealthText, NameText, PasswordText, SetupTokenText, UsernameText},
};
use crate::http::{
    extract::{Address, Body, SignedIn, Violations},
    problem::Problem,
    reply::{Created, Reply},
    state::AppState,
};

/// Whether the instance has an admin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Setup)]
pub(crate) struct SetupBody {
    /// Whether there is no admin with a password yet.
    #[schema(example = false)]
    needed: bool,
}

/// The first admin of an instance.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = FirstAdmin)]
pub(crate) struct FirstAdminBody {
    #[deserr(try_from(String) = sent_token -> String)]
    #[schema(value_type = SetupTokenText)]
    token: String,
    #[schema(value_type = UsernameText)]
    username: Username,
    #[schema(value_type = NameText)]
    name: Name,
    #[schema(value_type = PasswordText)]
    password: Password,
}

fn sent_token(text: String) -> Result<String, String> {
    invitations::sent_token(text).map_err(|error| error.to_string())
}

/// What was found out about the running instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Examination)]
pub(crate) struct ExaminationBody {
    /// The result of each check.
    findings: Vec<FindingBody>,
}

/// The result of a check.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
struct FindingBody {
    /// What was checked.
    #[schema(example = "exposure")]
    subject: &'static str,
    #[schema(value_type = HealthText)]
    health: &'static str,
    /// What was found, and what to do about it.
    #[schema(example = "reachable from this machine only")]
    detail: String,
}

impl From<Finding> for FindingBody {
    fn from(Finding { subject, health, detail }: Finding) -> Self {
        Self { subject, health: health.word(), detail }
    }
}

/// Says whether the first admin has yet to be made.
#[operation(getSetup)]
pub(crate) async fn get_setup(state: AppState) -> Result<Reply<SetupBody>, Problem> {
    Ok(Reply::ok(SetupBody { needed: setup::is_needed(&state.db).await? }))
}

/// Makes the first admin, while there is none.
///
/// The service prints the token when it starts without an admin.
#[operation(setUp, 409, 429)]
pub(crate) async fn set_up(
    state: AppState,
    Address(address): Address,
    Body(FirstAdminBody { token, username, name, password }): Body<FirstAdminBody>,
) -> Result<Reply<Created<UserBody>>, Problem> {
    let new = NewUser { username, name, password };
    let (db, auth) = (&state.db, &state.auth);
    let admin = setup::create(db, auth, &state.setup, address, &token, new).await?;
    Ok(Reply::created(format!("/api/users/{}", admin.id), admin.into()))
}

/// Examines the running instance. For admins.
///
/// It checks what `teamnotes doctor` does, except for what takes reading all of the database, and for files and variables
/// of its host.
#[operation(examineInstance, 403)]
pub(crate) async fn examine(
    state: AppState,
    me: SignedIn,
) -> Result<Reply<ExaminationBody>, Problem> {
    let of_database = doctor::examine_running(&state.db, &me, &state.database).await?;
    let findings = state.findings.iter().cloned().chain(of_database);
    Ok(Reply::ok(ExaminationBody { findings: findings.map(FindingBody::from).collect() }))
}
