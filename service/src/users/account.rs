//! The export of an account: a user's own data.

use entity::{
    mark::MarkedNote,
    membership::TeamMembership,
    note, session,
    user::{self, UserKey},
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::find_visible;
use crate::{
    Actor, Auth, Reader, Result, memberships, notes,
    page::{self, Direction::Ascending},
    policy, reading_list, sessions,
};

/// How many rows are read at once. So many notes of the maximum length take less than a page.
const BATCH: u64 = 25;

/// A row of an account.
#[derive(Clone, Debug)]
pub enum AccountRow {
    /// The user, as the first row.
    User(user::Model),
    /// A live session, unless the actor has an API token.
    Session(session::Model),
    /// A team that the user belongs to.
    Team(TeamMembership),
    /// A note that the user has written.
    Note(note::Core),
    /// A note that the user has marked, and the mark.
    MarkedNote(MarkedNote),
}

/// The rows of the actor's own account, a batch at a time, kind by kind and each kind by id. They are read
/// while the stream is consumed, and are not a snapshot: what changes meanwhile may be in it or not. An API token,
/// which lists no sessions, gets none here either.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::NotAllowed`] for anyone but the user. Of the stream: if the database fails;
/// [`Error::SessionExpired`], [`Error::TokenInvalid`] or [`Error::AccountDisabled`] once that is so.
///
/// [`Error::NotFound`]: crate::Error::NotFound
/// [`Error::NotAllowed`]: crate::Error::NotAllowed
/// [`Error::SessionExpired`]: crate::Error::SessionExpired
/// [`Error::TokenInvalid`]: crate::Error::TokenInvalid
/// [`Error::AccountDisabled`]: crate::Error::AccountDisabled
pub async fn export(
    reader: &Reader,
    auth: &Auth,
    actor: &Actor,
    key: &UserKey,
) -> Result<impl Stream<Item = Result<Vec<AccountRow>>> + use<>> {
    let user = find_visible(reader, actor, key).await?;
    policy::export_user(actor, &user)?;
    let viewer = actor.viewer();
    let sessions = actor.session().ok().map(|_| {
        let by_id = sessions::newest_first().in_direction(Ascending);
        page::walk(reader, sessions::live_of(auth, user.id), by_id, BATCH)
    });
    let by_id = memberships::newest_first().in_direction(Ascending);
    let teams = page::walk(reader, user.teams(), by_id, BATCH);
    let by_id = notes::newest_first().in_direction(Ascending);
    let notes = page::walk(reader, user.notes(viewer), by_id, BATCH);
    let by_id = reading_list::newest_first().in_direction(Ascending);
    let marked_notes = page::walk(reader, user.marked_notes(viewer), by_id, BATCH);
    let more = stream::iter(sessions)
        .flatten()
        .map_ok(rows(AccountRow::Session))
        .chain(teams.map_ok(rows(AccountRow::Team)))
        .chain(notes.map_ok(rows(|row: note::WithAuthor| AccountRow::Note(row.note))))
        .chain(marked_notes.map_ok(rows(AccountRow::MarkedNote)));
    let user = stream::iter([Ok(vec![AccountRow::User(user)])]);
    Ok(user.chain(while_signed_in(reader, actor, more)))
}

/// The batches for as long as the actor's session or API token lives and the user is enabled: a client reads as slowly
/// as it likes. One statement for each.
fn while_signed_in<T, S>(
    reader: &Reader,
    actor: &Actor,
    batches: S,
) -> impl Stream<Item = Result<T>> + use<T, S>
where
    S: Stream<Item = Result<T>>,
{
    let (reader, actor) = (reader.clone(), actor.clone());
    batches.and_then(move |batch| {
        let (reader, actor) = (reader.clone(), actor.clone());
        async move { actor.refresh(&reader).await.map(|_| batch) }
    })
}

/// Makes rows of an account of all rows of a batch.
fn rows<T>(row: fn(T) -> AccountRow) -> impl Fn(Vec<T>) -> Vec<AccountRow> {
    move |batch| batch.into_iter().map(row).collect()
}
