//! Users and their teams, and users and the notes they mark, from both sides.

use entity::{
    NoteId, TeamId, UserId, Viewer, mark,
    membership::{self, Member, Role, TeamMembership},
    note::{self, Visibility},
    team, user,
};
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait, QueryOrder,
    SqlErr,
};
use tokio::task::JoinSet;

use crate::{database, new_disabled, new_note, new_team, new_user, noon};

async fn teams_of(db: &DatabaseConnection, user: &user::Model) -> Vec<(String, Role)> {
    let teams = user.teams().order_by_asc(membership::Column::Id);
    let teams = teams.into_partial_model::<TeamMembership>().all(db).await.unwrap();
    teams.into_iter().map(|row| (row.team.name, row.role)).collect()
}

async fn users_of(db: &DatabaseConnection, team: &team::Model) -> Vec<(String, Role)> {
    let users = team.users().order_by_asc(membership::Column::Id);
    let users = users.into_partial_model::<Member>().all(db).await.unwrap();
    users.into_iter().map(|row| (row.user.name, row.role)).collect()
}

fn member(name: &str) -> (String, Role) {
    (name.to_owned(), Role::Member)
}

async fn join(db: &DatabaseConnection, user: &user::Model, team: &team::Model) -> bool {
    user.add_team(db, team.id, Role::Member, noon()).await.unwrap()
}

#[tokio::test]
async fn a_user_joins_a_team_once_and_leaves_it_once() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    assert_eq!(alice.membership_in(&db, ops.id).await.unwrap(), None);
    assert!(alice.add_team(&db, ops.id, Role::Owner, noon()).await.unwrap());
    assert!(!join(&db, &alice, &ops).await, "joined twice");
    let membership = alice.membership_in(&db, ops.id).await.unwrap().unwrap();
    assert!(membership.is_owner(), "the second call changed the role");
    assert_eq!(teams_of(&db, &alice).await, [("Ops".to_owned(), Role::Owner)]);
    assert!(alice.remove_team(&db, ops.id).await.unwrap());
    assert!(!alice.remove_team(&db, ops.id).await.unwrap());
    assert!(teams_of(&db, &alice).await.is_empty());
}

#[tokio::test]
async fn a_team_adds_a_user_once_and_removes_the_user_once() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    assert!(ops.add_user(&db, alice.id, Role::Member, noon()).await.unwrap());
    assert!(!ops.add_user(&db, alice.id, Role::Member, noon()).await.unwrap());
    let membership = ops.membership_of(&db, alice.id).await.unwrap();
    assert_eq!(membership, alice.membership_in(&db, ops.id).await.unwrap());
    assert_eq!(users_of(&db, &ops).await, [member("Alice")]);
    assert!(ops.remove_user(&db, alice.id).await.unwrap());
    assert!(!ops.remove_user(&db, alice.id).await.unwrap());
    assert!(users_of(&db, &ops).await.is_empty());
}

#[tokio::test]
async fn a_missing_team_or_user_cannot_be_joined() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let missing = TeamId::try_from(99).unwrap();
    let joined = alice.add_team(&db, missing, Role::Member, noon()).await;
    let added = ops.add_user(&db, UserId::try_from(99).unwrap(), Role::Member, noon()).await;
    for rejected in [joined, added] {
        let rejected = rejected.unwrap_err().sql_err();
        assert!(matches!(rejected, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{rejected:?}");
    }
}

#[tokio::test]
async fn set_teams_keeps_adds_and_removes_as_a_whole() {
    let (_database, db) = database().await;
    let alice = new_user(&db, "Alice").await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(new_team(&db, name).await.id);
    }
    alice.set_teams(&db, &[ids[0], ids[1]], noon()).await.unwrap();
    let kept = alice.membership_in(&db, ids[1]).await.unwrap();
    alice.set_teams(&db, &[ids[1], ids[2], ids[2]], noon()).await.unwrap();
    assert_eq!(teams_of(&db, &alice).await, [member("Two"), member("Three")]);
    assert_eq!(alice.membership_in(&db, ids[1]).await.unwrap(), kept);

    let missing = TeamId::try_from(99).unwrap();
    assert!(alice.set_teams(&db, &[ids[0], missing], noon()).await.is_err());
    assert_eq!(teams_of(&db, &alice).await, [member("Two"), member("Three")], "half done");
    alice.set_teams(&db, &[], noon()).await.unwrap();
    assert!(teams_of(&db, &alice).await.is_empty());
}

#[tokio::test]
async fn set_users_keeps_adds_and_removes_and_leaves_disabled_members_alone() {
    let (_database, db) = database().await;
    let ops = new_team(&db, "Ops").await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    let carol = new_disabled(&db, "Carol").await;
    ops.set_users(&db, &[alice.id, carol.id], noon()).await.unwrap();
    assert_eq!(users_of(&db, &ops).await, [member("Alice")]);
    ops.set_users(&db, &[bob.id, bob.id], noon()).await.unwrap();
    assert_eq!(users_of(&db, &ops).await, [member("Bob")]);
    assert!(ops.membership_of(&db, carol.id).await.unwrap().is_some());

    let missing = UserId::try_from(99).unwrap();
    assert!(ops.set_users(&db, &[alice.id, missing], noon()).await.is_err());
    assert_eq!(users_of(&db, &ops).await, [member("Bob")], "half done");
}

#[tokio::test]
async fn setting_joins_the_callers_transaction() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let transaction = entity::begin_write(&db).await.unwrap();
    alice.set_teams(&transaction, &[ops.id], noon()).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(teams_of(&db, &alice).await.is_empty());
}

#[tokio::test]
async fn concurrent_joins_and_marks_make_one_row() {
    let (database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let hello = new_note(&db, &alice, "Hello").await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (db, alice, ops) = (database.connect().await, alice.clone(), ops.clone());
        tasks.spawn(async move {
            let joined = join(&db, &alice, &ops).await;
            let marked = alice.mark_note(&db, hello.id).await.unwrap();
            (u32::from(joined), u32::from(marked))
        });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().map(|(joined, _)| joined).sum::<u32>(), 1);
    assert_eq!(done.iter().map(|(_, marked)| marked).sum::<u32>(), 1);
    assert_eq!(membership::Entity::find().count(&db).await.unwrap(), 1);
    assert_eq!(mark::Entity::find().count(&db).await.unwrap(), 1);
}

#[tokio::test]
async fn a_note_is_marked_read_and_unmarked() {
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    let note = new_note(&db, &bob, "By Bob").await;
    assert_eq!(alice.mark_of(&db, note.id).await.unwrap(), None);
    assert!(alice.mark_note(&db, note.id).await.unwrap());
    assert!(!alice.mark_note(&db, note.id).await.unwrap());
    let mark = alice.mark_of(&db, note.id).await.unwrap().unwrap();
    assert!(mark.is_of(alice.id) && !mark.read);
    let mut read = mark.into_active_model();
    read.set_read(true);
    assert!(read.update(&db).await.unwrap().read);
    assert!(!alice.mark_note(&db, note.id).await.unwrap());
    assert!(alice.mark_of(&db, note.id).await.unwrap().unwrap().read, "marked as unread again");
    assert!(alice.unmark_note(&db, note.id).await.unwrap());
    assert!(!alice.unmark_note(&db, note.id).await.unwrap());
    assert!(!alice.mark_note(&db, NoteId::try_from(99).unwrap()).await.unwrap());
}

async fn hide(db: &DatabaseConnection, note: note::Model, visibility: Visibility) -> note::Model {
    let mut hidden = note.clone().into_active_model();
    hidden.set_visibility(visibility);
    hidden.update_counted(db, &note).await.unwrap()
}

async fn contents(db: &DatabaseConnection, viewer: Viewer) -> Vec<String> {
    let notes = note::visible_to(viewer).order_by_asc(note::Column::Id).all(db).await.unwrap();
    notes.into_iter().map(|note| note.content).collect()
}

#[tokio::test]
async fn a_note_is_shared_with_teams_whose_members_see_it() {
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    let (ops, design) = (new_team(&db, "Ops").await, new_team(&db, "Design").await);
    join(&db, &bob, &ops).await;
    let private = new_note(&db, &alice, "private").await;
    hide(&db, private, Visibility::Private).await;
    let shared = new_note(&db, &alice, "shared").await;
    let shared = hide(&db, shared, Visibility::Team).await;
    assert!(contents(&db, Viewer::User(bob.id)).await.is_empty());
    assert!(shared.add_team(&db, ops.id).await.unwrap());
    assert!(!shared.add_team(&db, ops.id).await.unwrap());
    for (viewer, seen) in [
        (Viewer::Anonymous, &[][..]),
        (Viewer::User(bob.id), &["shared"]),
        (Viewer::User(alice.id), &["private", "shared"]),
        (Viewer::Everything, &["private", "shared"]),
    ] {
        assert_eq!(contents(&db, viewer).await, seen, "{viewer:?}");
    }
    let set = shared.set_teams(&db, &[design.id, design.id]).await.unwrap();
    assert_eq!((set.added, set.removed), (vec![design.id], vec![ops.id]));
    assert!(contents(&db, Viewer::User(bob.id)).await.is_empty());
    let set = shared.set_teams(&db, &[design.id, ops.id]).await.unwrap();
    assert_eq!((set.added, set.removed), (vec![ops.id], vec![]));
    let known = async |viewer| -> Vec<String> {
        let teams = note::Core::from(shared.clone()).teams(viewer);
        let teams = teams.order_by_asc(team::Column::Id).all(&db).await.unwrap();
        teams.into_iter().map(|team| team.name).collect()
    };
    assert_eq!(known(Viewer::User(alice.id)).await, ["Ops", "Design"]);
    assert_eq!(known(Viewer::User(bob.id)).await, ["Ops"]);
    assert!(known(Viewer::Anonymous).await.is_empty());
    assert!(shared.remove_team(&db, ops.id).await.unwrap());
    assert!(!shared.remove_team(&db, ops.id).await.unwrap());
    assert!(shared.set_teams(&db, &[TeamId::try_from(99).unwrap()]).await.is_err());
    assert_eq!(known(Viewer::Everything).await, ["Design"], "half done");
}

#[tokio::test]
async fn marked_notes_are_not_the_notes_a_user_has_written() {
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    let carol = new_disabled(&db, "Carol").await;
    let own = new_note(&db, &alice, "By Alice").await;
    let other = new_note(&db, &bob, "By Bob").await;
    for user in [&alice, &carol] {
        user.mark_note(&db, other.id).await.unwrap();
    }
    assert_eq!(alice.number_of_notes(&db).await.unwrap(), 1);
    let written = alice
        .notes(Viewer::Anonymous)
        .into_partial_model::<note::WithAuthor>()
        .all(&db)
        .await
        .unwrap();
    assert_eq!(written.iter().map(|row| row.note.id).collect::<Vec<_>>(), [own.id]);
    let marked = alice.marked_notes(Viewer::Anonymous).into_partial_model::<mark::MarkedNote>();
    let [marked] = &marked.all(&db).await.unwrap()[..] else { panic!("not one mark") };
    assert_eq!((marked.note.id, marked.author.name.as_str()), (other.id, "Bob"));

    let marked_by = async |note: note::Model| -> Vec<UserId> {
        let marks = note::Core::from(note).users_marked();
        let marks = marks.into_partial_model::<mark::MarkedBy>().all(&db).await.unwrap();
        marks.into_iter().map(|mark| mark.user.id).collect()
    };
    assert_eq!(marked_by(other).await, [alice.id], "disabled users are left out");
    assert!(marked_by(own).await.is_empty());
}
