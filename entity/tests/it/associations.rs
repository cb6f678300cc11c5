//! Users and their teams, and users and the notes they mark.

use entity::{membership, note::UsersMarked, user, user::MarkedNotes, user_note};
use sea_orm::{EntityTrait, ModelTrait, PaginatorTrait, SqlErr};
use tokio::task::JoinSet;

use crate::{database, new_note, new_team, new_user, noon};

#[tokio::test]
async fn a_user_joins_a_team_once_and_leaves_it_once() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    assert!(!alice.has_team(&db, ops.id).await.unwrap());
    assert!(alice.add_team(&db, ops.id, noon()).await.unwrap());
    assert!(!alice.add_team(&db, ops.id, noon()).await.unwrap());
    assert!(alice.has_team(&db, ops.id).await.unwrap());
    assert_eq!(alice.teams(&db).await.unwrap(), std::slice::from_ref(&ops));
    assert!(alice.remove_team(&db, ops.id).await.unwrap());
    assert!(!alice.remove_team(&db, ops.id).await.unwrap());
    assert!(alice.teams(&db).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_team_that_is_not_there_can_t_be_joined() {
    let (_database, db) = database().await;
    let alice = new_user(&db, "Alice").await;
    let refused = alice.add_team(&db, 99, noon()).await.unwrap_err().sql_err();
    assert!(matches!(refused, Some(SqlErr::ForeignKeyConstraintViolation(_))), "{refused:?}");
}

#[tokio::test]
async fn set_teams_keeps_adds_and_removes_in_one_go() {
    let (_database, db) = database().await;
    let alice = new_user(&db, "Alice").await;
    let mut ids = Vec::new();
    for name in ["One", "Two", "Three"] {
        ids.push(new_team(&db, name).await.id);
    }
    let teams_of = async |alice: &user::Model| -> Vec<i64> {
        alice.teams(&db).await.unwrap().iter().map(|team| team.id).collect()
    };
    alice.set_teams(&db, &[ids[0], ids[1]], noon()).await.unwrap();
    let kept = membership::Entity::find_by_user_and_team((alice.id, ids[1]));
    let kept = kept.one(&db).await.unwrap().unwrap();
    alice.set_teams(&db, &[ids[1], ids[2], ids[2]], noon()).await.unwrap();
    assert_eq!(teams_of(&alice).await, ids[1..]);
    let still = membership::Entity::find_by_id(kept.id).one(&db).await.unwrap();
    assert_eq!(still, Some(kept));

    let refused = alice.set_teams(&db, &[ids[0], 99], noon()).await;
    assert!(refused.is_err());
    assert_eq!(teams_of(&alice).await, ids[1..], "half of it was done");
    alice.set_teams(&db, &[], noon()).await.unwrap();
    assert!(teams_of(&alice).await.is_empty());
}

#[tokio::test]
async fn set_teams_is_part_of_a_callers_transaction() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let transaction = entity::begin_write(&db).await.unwrap();
    alice.set_teams(&transaction, &[ops.id], noon()).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(alice.teams(&db).await.unwrap().is_empty());
}

#[tokio::test]
async fn joins_and_marks_at_once_make_one_row() {
    let (database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let hello = new_note(&db, &alice, "Hello").await;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (db, alice) = (database.connect().await, alice.clone());
        tasks.spawn(async move {
            let joined = alice.add_team(&db, ops.id, noon()).await.unwrap();
            let marked = user_note::Entity::add(&db, alice.id, hello.id).await.unwrap();
            (u32::from(joined), u32::from(marked))
        });
    }
    let done = tasks.join_all().await;
    assert_eq!(done.iter().map(|(joined, _)| joined).sum::<u32>(), 1);
    assert_eq!(done.iter().map(|(_, marked)| marked).sum::<u32>(), 1);
    assert_eq!(membership::Entity::find().count(&db).await.unwrap(), 1);
    assert_eq!(user_note::Entity::find().count(&db).await.unwrap(), 1);
}

#[tokio::test]
async fn marked_notes_are_not_the_notes_one_has_written() {
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    let own = new_note(&db, &alice, "By Alice").await;
    let first = new_note(&db, &bob, "By Bob").await;
    let second = new_note(&db, &bob, "By Bob too").await;
    for marked in [&first, &second] {
        assert!(user_note::Entity::add(&db, alice.id, marked.id).await.unwrap());
    }
    assert_eq!(alice.number_of_notes(&db).await.unwrap(), 1);
    let marked = alice.marked_notes(&db).await.unwrap();
    assert_eq!(marked, [second, first.clone()]);
    assert_eq!(alice.find_linked(MarkedNotes).all(&db).await.unwrap().len(), 2);
    assert_eq!(first.find_linked(UsersMarked).all(&db).await.unwrap(), [alice]);
    assert!(own.find_linked(UsersMarked).all(&db).await.unwrap().is_empty());
}
