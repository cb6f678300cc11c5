//! Made-up data for demonstrations and benchmarks: plausible, and the same each time.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    NoteId, TeamId, UserId, Viewer, mark,
    membership::{self, Role},
    note::{self, Visibility},
    note_count, share, team,
    user::{self, PasswordHash, Scopes},
};
use sea_orm::{
    ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder, QuerySelect, Select, TryGetable,
};

use crate::{
    Db, Error, Passwords,
    bulk::{Bulk, BulkError, Counts, Progress},
    users::Password,
};

/// Notes that each user has written.
const NOTES: usize = 20;
/// Notes that each user has marked.
const MARKS: usize = 10;
/// Users per team.
const USERS_A_TEAM: usize = 10;
/// Teams that each user belongs to, if there are that many.
const TEAMS: usize = 2;

const FIRST_NAMES: [&str; 16] = [
    "Aino", "Bruno", "Chiara", "Dmitri", "Élodie", "Fatima", "Günther", "Hanna", "Ikaika",
    "Jamila", "Kaori", "Łukasz", "Mónica", "Ngozi", "Øystein", "Priya",
];
const LAST_NAMES: [&str; 12] = [
    "Andersson",
    "Brandão",
    "Çelik",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Güneş",
    "Hämäläinen",
    "Ito",
    "Jovanović",
    "Kowalski",
    "Lindqvist",
];
const TEAM_NAMES: [&str; 8] =
    ["Operations", "Design", "Research", "Support", "Finance", "Platform", "Field Work", "Archive"];
const SUBJECTS: [&str; 10] = [
    "The backup of last night",
    "Our reading of the contract",
    "The new login page",
    "The migration to PostgreSQL",
    "Tuesday's meeting",
    "The draft of the manual",
    "The invoice for the servers",
    "The list of open questions",
    "The test on the slow machine",
    "The workshop in spring",
];
const PREDICATES: [&str; 10] = [
    "was restored on another machine and is complete",
    "needs one more pair of eyes",
    "is ready to be shown to everyone",
    "took longer than we thought",
    "is moved to next week",
    "has answered most of what was unclear",
    "should be repeated with more data",
    "was the reason for three calls",
    "is worth a page in the handbook",
    "can be closed",
];

/// Fills a database that has no users except admins, in one transaction. The first of the new users is an admin; all have the same
/// password. `progress` is called with the number of rows done and the total.
///
/// # Errors
/// See [`BulkError`]; nothing is changed then.
pub async fn fill(
    db: &Db,
    passwords: &Passwords,
    users: u32,
    password: Password,
    progress: &Progress,
) -> Result<Counts, BulkError> {
    let hash = passwords.hash(password).await?;
    let transaction = db.begin().await?;
    let admins = require_unused(&transaction).await?;
    let users = users as usize;
    let teams = users.div_ceil(USERS_A_TEAM);
    let memberships = users * TEAMS.min(teams);
    let (notes, marks) = (users * NOTES, users * MARKS);
    let counts = Counts {
        users: users as u64,
        teams: teams as u64,
        memberships: memberships as u64,
        notes: notes as u64,
        shares: shared(notes, users).count() as u64,
        marks: marks as u64,
    };
    let mut bulk = Bulk::new(&transaction, progress, counts.total());

    bulk.insert((0..users).map(|number| Ok::<_, BulkError>(new_user(number, &hash)))).await?;
    let mut user_ids = ids(&transaction, user::Entity::find(), user::Column::Id).await?;
    user_ids.drain(..admins);
    bulk.insert((0..teams).map(|number| Ok::<_, BulkError>(new_team(number)))).await?;
    let team_ids = ids(&transaction, team::Entity::find(), team::Column::Id).await?;
    bulk.insert(
        (0..memberships)
            .map(|number| Ok::<_, BulkError>(new_membership(number, &user_ids, &team_ids))),
    )
    .await?;
    bulk.insert((0..notes).map(|number| Ok::<_, BulkError>(new_note(number, &user_ids)))).await?;
    note_count::Entity::count_all(&transaction).await.map_err(Error::from)?;
    let all = note::visible_to(Viewer::Everything);
    let note_ids = ids(&transaction, all, note::Column::Id).await?;
    let share = |number| new_share(number, users, &note_ids, &team_ids);
    bulk.insert(shared(notes, users).map(|number| Ok::<_, BulkError>(share(number)))).await?;
    bulk.insert(
        (0..marks).map(|number| Ok::<_, BulkError>(new_mark(number, &user_ids, &note_ids))),
    )
    .await?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(counts)
}

/// Makes sure that there are no users except admins, and returns how many of those there are.
async fn require_unused(db: &impl ConnectionTrait) -> Result<usize, BulkError> {
    let users = user::Entity::find().count(db).await.map_err(Error::from)?;
    let admins = user::Entity::find().admins().count(db).await.map_err(Error::from)?;
    let notes = note::visible_to(Viewer::Everything).count(db).await.map_err(Error::from)?;
    let teams = team::Entity::find().count(db).await.map_err(Error::from)?;
    match (users - admins, notes, teams) {
        (0, 0, 0) => Ok(usize::try_from(admins).map_err(Error::internal)?),
        _ => Err(BulkError::NotEmpty),
    }
}

async fn ids<E, Id>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
    id: E::Column,
) -> crate::Result<Vec<Id>>
where
    E: EntityTrait,
    Id: TryGetable,
{
    Ok(rows.select_only().column(id).order_by_asc(id).into_tuple().all(db).await?)
}

/// A number that looks random but is the same each time (SplitMix64).
#[expect(clippy::cast_possible_truncation, reason = "a part of the number looks as random")]
fn mixed(number: usize) -> usize {
    let mut z = (number as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) as usize
}

#[expect(clippy::indexing_slicing, reason = "a remainder is less than the length")]
fn pick<T: Copy>(from: &[T], number: usize) -> T {
    from[number % from.len()]
}

/// Three seconds after the previous row: users come first, then what they do.
fn time(position: usize) -> DateTime<Utc> {
    let first = DateTime::from_timestamp(1_704_067_200, 0).unwrap_or_default();
    first + TimeDelta::seconds(i64::try_from(3 * position).unwrap_or_default())
}

fn new_user(number: usize, hash: &PasswordHash) -> user::ActiveModel {
    let name = format!(
        "{} {}",
        pick(&FIRST_NAMES, mixed(number)),
        pick(&LAST_NAMES, mixed(number) / FIRST_NAMES.len())
    );
    let username = format!("user{}", number + 1);
    let mut user = user::ActiveModel::new(username, name, hash.clone(), time(number));
    user.set_admin(number == 0);
    user
}

fn new_team(number: usize) -> team::ActiveModel {
    let name = format!("{} {}", pick(&TEAM_NAMES, number), number / TEAM_NAMES.len() + 1);
    team::ActiveModel::new(name)
}

/// Each user is in two neighbouring teams; the first to join is the owner.
fn new_membership(number: usize, users: &[UserId], teams: &[TeamId]) -> membership::ActiveModel {
    let (user, nth) = (number % users.len(), number / users.len());
    let team = user / USERS_A_TEAM + nth;
    let is_owner = nth == 0 && user.is_multiple_of(USERS_A_TEAM);
    let role = if is_owner { Role::Owner } else { Role::Member };
    let joined_at = time(users.len() + number);
    membership::ActiveModel::new(pick(users, user), pick(teams, team), role, joined_at)
}

fn new_note(number: usize, users: &[UserId]) -> note::ActiveModel {
    let random = mixed(number);
    let content = format!(
        "{} {}. {} {}.",
        pick(&SUBJECTS, random),
        pick(&PREDICATES, random / 10),
        pick(&SUBJECTS, random / 100),
        pick(&PREDICATES, random / 1_000),
    );
    let written_at = time(users.len() * (1 + TEAMS) + number);
    let mut note = note::ActiveModel::new(pick(users, number), content, written_at);
    note.set_important(random.is_multiple_of(5));
    note.set_visibility(visibility(number, users.len()));
    note
}

/// Of the notes of each user, some are for a team and a few private.
fn visibility(number: usize, users: usize) -> Visibility {
    match number / users {
        3 | 13 => Visibility::Team,
        7 => Visibility::Private,
        _ => Visibility::Public,
    }
}

/// The notes that are shared with a team.
fn shared(notes: usize, users: usize) -> impl Iterator<Item = usize> {
    (0..notes).filter(move |number| visibility(*number, users) == Visibility::Team)
}

/// A note is shared with the first team of its author.
fn new_share(
    number: usize,
    users: usize,
    notes: &[NoteId],
    teams: &[TeamId],
) -> share::ActiveModel {
    share::ActiveModel::new(pick(notes, number), pick(teams, number % users / USERS_A_TEAM))
}

/// The notes that a user marks are consecutive, so that none is marked twice.
fn new_mark(number: usize, users: &[UserId], notes: &[NoteId]) -> mark::ActiveModel {
    let (user, nth) = (number / MARKS, number % MARKS);
    let mut mark = mark::ActiveModel::new(pick(users, user), pick(notes, mixed(user) / 2 + nth));
    mark.set_read(mixed(number).is_multiple_of(3));
    mark
}
