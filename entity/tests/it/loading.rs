//! Eager and lazy loading of relations.

use entity::{
    IdList, Viewer, WithTotal, mark,
    membership::{self, Role, TeamMembership},
    note, team, user,
};
use sea_orm::{EntityTrait, LoaderTrait, ModelTrait, QueryOrder, QuerySelect};

use crate::{database, new_note, new_team, new_user, noon};

#[tokio::test]
async fn related_rows_are_found_from_either_side() {
    let (_database, db) = database().await;
    let (alice, ops) = (new_user(&db, "Alice").await, new_team(&db, "Ops").await);
    let hello = new_note(&db, &alice, "Hello").await;
    alice.add_team(&db, ops.id, Role::Member, noon()).await.unwrap();
    assert_eq!(hello.find_related(user::Entity).one(&db).await.unwrap(), Some(alice.clone()));
    assert_eq!(ops.find_related(user::Entity).all(&db).await.unwrap(), [alice]);
}

#[tokio::test]
async fn lists_of_many_users_are_loaded_side_by_side() {
    let (_database, db) = database().await;
    let ops = new_team(&db, "Ops").await;
    for name in ["Alice", "Bob"] {
        let author = new_user(&db, name).await;
        author.add_team(&db, ops.id, Role::Member, noon()).await.unwrap();
    }
    let users = user::Entity::find().order_by_asc(user::Column::Id).all(&db).await.unwrap();
    let teams = users.load_many(team::Entity, &db).await.unwrap();
    assert_eq!(teams, [vec![ops.clone()], vec![ops]]);
}

#[tokio::test]
async fn the_newest_of_each_are_as_many_as_requested() {
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    for number in 0..3 {
        new_note(&db, &alice, &format!("Alice {number}")).await;
        new_note(&db, &bob, &format!("Bob {number}")).await;
        let joined = new_team(&db, &format!("Team {number}")).await;
        alice.add_team(&db, joined.id, Role::Member, noon()).await.unwrap();
    }
    let users = IdList::new(&db, [alice.id, bob.id]);
    let newest = note::newest_of_each(Viewer::Anonymous, &users, 2).all(&db).await.unwrap();
    let contents: Vec<&str> = newest.iter().map(|note| note.content.as_str()).collect();
    assert_eq!(contents, ["Alice 2", "Alice 1", "Bob 2", "Bob 1"]);
    let teams = membership::Entity::newest_teams_of_each(&users, 2)
        .order_by_desc(membership::Column::Id)
        .into_partial_model::<TeamMembership>()
        .all(&db)
        .await
        .unwrap();
    let names: Vec<&str> = teams.iter().map(|row| row.team.name.as_str()).collect();
    assert_eq!(names, ["Team 2", "Team 1"]);
}

#[tokio::test]
async fn a_marked_note_comes_with_its_author_its_mark_and_the_total() {
    use mark::Scopes as _;
    let (_database, db) = database().await;
    let (alice, bob) = (new_user(&db, "Alice").await, new_user(&db, "Bob").await);
    for content in ["One", "Two", "Three"] {
        let written = new_note(&db, &bob, content).await;
        alice.mark_note(&db, written.id).await.unwrap();
    }
    let newest = alice
        .marked_notes(Viewer::Anonymous)
        .unread()
        .order_by_desc(mark::Column::Id)
        .limit(1)
        .into_partial_model::<WithTotal<mark::MarkedNote>>()
        .all(&db)
        .await
        .unwrap();
    let [newest] = &newest[..] else { panic!("{newest:?}") };
    assert_eq!((newest.total, newest.row.note.content.as_str()), (3, "Three"));
    assert_eq!(newest.row.author.name, "Bob");
}
