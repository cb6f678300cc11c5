//! `/api/users`

mod account;
mod bodies;
mod requests;

use account::AccountLine;
use api_macros::operation;
use bodies::ListedUserBody;
pub(crate) use bodies::{UserBody, UserDetailBody, UserSummaryBody};
use futures_util::TryStreamExt;
use requests::{
    ListedUserInclude, NewUserBody, UserChangeBody, UserInclude, UserQuery, UserViewQuery,
};
use service::{
    Actor, Auth, Error, notes,
    users::{self, HashedUser, Include, ListInclude, NewUser, SortBy, UserChange, UserKey},
};

use super::{
    notes::{ListedNoteBody, ListedNoteInclude},
    reading_list::{ListedMarkedNoteBody, MarkQuery},
};
use crate::http::{
    etag,
    extract::{
        Address, Anyone, Body, IfMatch, List, NoFilter, Once, OneOrder, Reads, SignedIn, UserPath,
        View,
    },
    ndjson::Lines,
    problem::Problem,
    reply::{Created, NoContent, PageOf, Reply, Resource},
    state::AppState,
};

/// Lists users with their newest notes and teams. They are in the order of their ids unless `sort` says
/// otherwise.
#[operation(listUsers, 403)]
pub(crate) async fn list(
    reader: Reads,
    anyone: Anyone,
    list: List<ListedUserBody, UserQuery, SortBy, ListedUserInclude>,
) -> Result<Reply<PageOf<ListedUserBody>>, Problem> {
    let filter = list.filter.clone().into();
    let include = ListInclude {
        notes: list.include.has(ListedUserInclude::Notes),
        teams: list.include.has(ListedUserInclude::Teams),
    };
    let users = users::list(&reader, &anyone, &filter, list.sort, include, &list.page).await?;
    Reply::page(&list, users.map(ListedUserBody::from))
}

/// Creates a user. While registration is closed, only admins may do this.
#[operation(createUser, 403, 409, 429)]
pub(crate) async fn create(
    state: AppState,
    anyone: Anyone,
    Address(address): Address,
    new: Once<NewUserBody>,
) -> Result<Reply<Created<UserBody>>, Problem> {
    if let Some(kept) = new.kept(&state, &anyone).await? {
        return Ok(kept);
    }
    let (reader, auth) = (state.db.reader(), &state.auth);
    let admit = async |new| users::admit(reader, auth, &anyone, address, NewUser::from(new)).await;
    let create = async |work: &_, new: &HashedUser| {
        let user = users::create(work, new).await?;
        Ok(Reply::created(format!("/api/users/{}", user.id), user.into()))
    };
    new.prepare(admit).await.write(&state, &anyone, create).await
}

/// Returns a user with notes and marked notes. Only admins see disabled users.
#[operation(getUser)]
pub(crate) async fn get(
    reader: Reads,
    anyone: Anyone,
    UserPath(key): UserPath,
    view: View<UserDetailBody, UserInclude, UserViewQuery>,
) -> Result<Reply<Resource<UserDetailBody>>, Problem> {
    let include = Include {
        notes: view.include.has(UserInclude::Notes),
        marked_notes: view.include.has(UserInclude::MarkedNotes),
        read: view.query.read,
        teams: view.include.has(UserInclude::Teams),
    };
    let user = users::get(&reader, &anyone, &key, include).await?;
    Ok(Reply::part(&view.fields, &user.into()))
}

/// Changes a user. Only the user and admins may do this.
#[operation(updateUser, 403, 409, 429)]
pub(crate) async fn update(
    state: AppState,
    me: SignedIn,
    UserPath(key): UserPath,
    Address(address): Address,
    IfMatch(expected): IfMatch,
    Body(change): Body<UserChangeBody>,
) -> Result<Reply<Resource<UserBody>>, Problem> {
    let (reader, Auth { passwords, throttle, .. }) = (state.db.reader(), &state.auth);
    let change = UserChange { address, ..change.into() };
    let change = users::prepare_change(reader, passwords, throttle, &me, &key, change).await?;
    let update = async |work: &_| users::update(work, &change, &expected).await;
    let updated = state.db.write(&me, update).await;
    let user = etag::or_current(updated, async || current(&state, &me, &key).await).await?;
    Ok(Reply::resource(user.into()))
}

/// Deletes a user and everything that belongs to the user. Only the user and admins may do this.
///
/// A team without another member is deleted too. One that loses its last owner gets its longest-standing
/// member as owner.
#[operation(deleteUser, 403, 409)]
pub(crate) async fn delete(
    state: AppState,
    me: SignedIn,
    UserPath(key): UserPath,
    IfMatch(expected): IfMatch,
) -> Result<Reply<NoContent>, Problem> {
    let deleted = users::delete(&state.db, &me, &key, &expected).await;
    etag::or_current(deleted, async || current(&state, &me, &key).await).await?;
    Ok(Reply::no_content())
}

async fn current(state: &AppState, actor: &Actor, key: &UserKey) -> Result<UserBody, Error> {
    Ok(users::find_visible(state.db.reader(), actor, key).await?.into())
}

/// Exports the data of a user. Only the user may do this.
///
/// The answer is a file with one JSON object per line. The member `type` says what it is: `user` for the first,
/// then `session`, `team`, `note` and `marked_note`. The other members are those of the schemas `User`,
/// `Session`, `TeamMembership`, `NoteCore` and `MarkedNote`. What changes during the export may be missing. With
/// an API token there are no sessions.
#[operation(exportUser, 403)]
pub(crate) async fn export(
    state: AppState,
    reader: Reads,
    me: SignedIn,
    UserPath(key): UserPath,
) -> Result<Reply<Lines>, Problem> {
    let rows = users::export(&reader, &state.auth, &me, &key).await?;
    let name = format!("teamnotes-{}.ndjson", me.user()?.username);
    let session = me.session_id();
    let line = move |row| AccountLine::new(row, session);
    Ok(Reply::lines(&name, rows.map_ok(move |rows| rows.into_iter().map(line).collect())))
}

/// Lists a user's notes, newest first.
#[operation(listNotesOfUser)]
pub(crate) async fn list_notes(
    reader: Reads,
    anyone: Anyone,
    UserPath(key): UserPath,
    list: List<ListedNoteBody, NoFilter, OneOrder, ListedNoteInclude>,
) -> Result<Reply<PageOf<ListedNoteBody>>, Problem> {
    let includes_teams = list.include.has(ListedNoteInclude::Teams);
    let notes = users::list_notes(&reader, &anyone, &key, &list.page).await?;
    let notes = notes::with_teams(&reader, &anyone, notes, includes_teams).await?;
    Reply::page(&list, notes.map(ListedNoteBody::from))
}

/// Lists the notes that a user has marked, newest mark first.
#[operation(listMarkedNotesOfUser)]
pub(crate) async fn list_marked_notes(
    reader: Reads,
    anyone: Anyone,
    UserPath(key): UserPath,
    list: List<ListedMarkedNoteBody, MarkQuery, OneOrder, ListedNoteInclude>,
) -> Result<Reply<PageOf<ListedMarkedNoteBody>>, Problem> {
    let read = list.filter.read;
    let includes_teams = list.include.has(ListedNoteInclude::Teams);
    let marked = users::list_marked_notes(&reader, &anyone, &key, read, &list.page).await?;
    let marked = notes::with_teams(&reader, &anyone, marked, includes_teams).await?;
    Reply::page(&list, marked.map(ListedMarkedNoteBody::from))
}
