//! Named conditions, and how they combine.

use entity::{
    NamePattern, Viewer,
    note::{self, Scopes as _},
    user::{self, Scopes as _, UserKey, WithNoteCount},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryOrder, QueryResult,
    QueryTrait, Select, Statement, TransactionTrait,
};

use crate::{database, new_admin, new_disabled, new_note, new_user, noon};

async fn names(db: &DatabaseConnection, users: Select<user::Entity>) -> Vec<String> {
    let users = users.order_by_asc(user::Column::Id).all(db).await.unwrap();
    users.into_iter().map(|user| user.name).collect()
}

#[tokio::test]
async fn scopes_chain_and_combine_with_and() {
    let (_database, db) = database().await;
    new_admin(&db, "Jamie").await;
    new_user(&db, "Jamila").await;
    new_disabled(&db, "Jamiro").await;
    new_admin(&db, "Ada").await;
    let find = user::Entity::find;
    assert_eq!(
        names(&db, find().name_like(&NamePattern::parse("jami%"))).await,
        ["Jamie", "Jamila", "Jamiro"]
    );
    assert_eq!(
        names(&db, find().enabled().name_like(&NamePattern::parse("%JAMI%"))).await,
        ["Jamie", "Jamila"]
    );
    assert_eq!(
        names(&db, find().enabled().admins().name_like(&NamePattern::parse("%jami%"))).await,
        ["Jamie"]
    );
    assert_eq!(names(&db, find().disabled()).await, ["Jamiro"]);
    assert_eq!(names(&db, find().not_admins().enabled()).await, ["Jamila"]);
}

#[tokio::test]
async fn the_default_scope_leaves_out_the_disabled_and_find_does_not() {
    let (_database, db) = database().await;
    new_user(&db, "Alice").await;
    new_disabled(&db, "Bob").await;
    assert_eq!(names(&db, user::Entity::listed()).await, ["Alice"]);
    assert_eq!(names(&db, user::Entity::find()).await, ["Alice", "Bob"]);
}

#[tokio::test]
async fn scopes_narrow_deletes_as_they_narrow_selects() {
    let (_database, db) = database().await;
    new_user(&db, "Alice").await;
    new_disabled(&db, "Bob").await;
    let deleted = user::Entity::delete_many().disabled().exec(&db).await.unwrap();
    assert_eq!(deleted.rows_affected, 1);
    assert_eq!(names(&db, user::Entity::find()).await, ["Alice"]);
}

#[tokio::test]
async fn wildcards_of_a_pattern_can_be_escaped() {
    let (_database, db) = database().await;
    for name in ["100 %", "100 x", "a_b", "axb", "back\\slash"] {
        new_user(&db, name).await;
    }
    let like = |pattern: &'static str| {
        names(&db, user::Entity::find().name_like(&NamePattern::parse(pattern)))
    };
    assert_eq!(like("100 \\%").await, ["100 %"]);
    assert_eq!(like("100 %").await, ["100 %", "100 x"]);
    assert_eq!(like("a_b").await, ["a_b", "axb"]);
    assert_eq!(like("a\\_b").await, ["a_b"]);
    assert_eq!(like("back\\\\slash").await, ["back\\slash"]);
    assert_eq!(like("%\\").await, Vec::<String>::new());
    assert_eq!(like("").await, Vec::<String>::new());
}

#[tokio::test]
async fn case_is_unicodes_whatever_the_database_thinks() {
    let (_database, db) = database().await;
    for name in ["Ämmä", "STRASSE", "Σίσυφος", "İpek"] {
        new_user(&db, name).await;
    }
    let like = |pattern: &'static str| {
        names(&db, user::Entity::find().name_like(&NamePattern::parse(pattern)))
    };
    assert_eq!(like("ämmä").await, ["Ämmä"]);
    assert_eq!(like("A\u{308}MMA\u{308}").await, ["Ämmä"]);
    assert_eq!(like("Straße").await, ["STRASSE"]);
    assert_eq!(like("%ΣΊΣΥΦΟΣ%").await, ["Σίσυφος"]);
}

#[tokio::test]
async fn search_columns_follow_their_source_in_bulk_too() {
    use sea_orm::{ActiveModelTrait, IntoActiveModel};
    let (_database, db) = database().await;
    let alice = new_user(&db, "Alice").await;
    let mut renamed = alice.clone().into_active_model();
    renamed.rename("ÄMMÄ".into());
    assert_eq!(renamed.update(&db).await.unwrap().name_folded, "ämmä");
    let notes = ["ÄÖ", "ÜÅ"].map(|text| note::ActiveModel::new(alice.id, text.into(), noon()));
    assert_eq!(entity::insert_many(&db, notes).await.unwrap(), 2);
    let found = note::visible_to(Viewer::Everything).containing("üå", db.get_database_backend());
    assert_eq!(found.all(&db).await.unwrap().len(), 1);
}

async fn contents<E>(db: &DatabaseConnection, notes: Select<E>) -> Vec<String>
where
    E: EntityTrait<Model = note::Model>,
{
    notes.all(db).await.unwrap().into_iter().map(|note| note.content).collect()
}

#[tokio::test]
async fn notes_have_scopes_of_their_own() {
    let (_database, db) = database().await;
    let alice = new_user(&db, "Alice").await;
    let bob = new_user(&db, "Bob").await;
    for (author, content) in [(&alice, "Buy 100 % juice!"), (&alice, "Juice"), (&bob, "JUICE!")] {
        new_note(&db, author, content).await;
    }
    let find = || note::visible_to(Viewer::Everything).order_by_asc(note::Column::Id);
    let containing = |text| find().containing(text, db.get_database_backend());
    let by_alice = UserKey::parse("Alice").unwrap();
    assert_eq!(contents(&db, find().important()).await, ["Buy 100 % juice!", "JUICE!"]);
    assert_eq!(contents(&db, find().unimportant()).await, ["Juice"]);
    assert_eq!(contents(&db, containing("juice").by(&by_alice)).await.len(), 2);
    assert_eq!(contents(&db, containing("100 %")).await, ["Buy 100 % juice!"]);
    assert_eq!(contents(&db, containing("1_0")).await, Vec::<String>::new());
    assert_eq!(contents(&db, find().important().by(&UserKey::Id(bob.id))).await, ["JUICE!"]);
    let nobody = UserKey::Username("nobody".into());
    assert_eq!(contents(&db, find().by(&nobody)).await, Vec::<String>::new());
}

#[tokio::test]
async fn with_notes_finds_users_with_more_notes_and_counts_them() {
    let (_database, db) = database().await;
    for (name, notes) in [("Alice", 0), ("Bob", 2), ("Carol", 3)] {
        let author = new_user(&db, name).await;
        for number in 0..notes {
            new_note(&db, &author, &format!("Note {number}")).await;
        }
    }
    let counted = async |more_than| -> Vec<(String, i64)> {
        let users =
            user::Entity::find().with_more_notes_than(more_than).order_by_asc(user::Column::Id);
        let users = user::Entity::join_note_count(users).into_partial_model::<WithNoteCount>();
        let users = users.all(&db).await.unwrap();
        users.into_iter().map(|user| (user.user.name, user.note_count)).collect()
    };
    assert_eq!(counted(2).await, [("Carol".into(), 3)]);
    assert_eq!(counted(1).await, [("Bob".into(), 2), ("Carol".into(), 3)]);
    assert_eq!(counted(-1).await.len(), 3);
    assert!(counted(i64::MAX).await.is_empty());
}

#[test]
fn a_key_of_digits_is_an_id_and_anything_else_a_username() {
    assert_eq!(UserKey::parse("42"), Some(UserKey::Id(42.try_into().unwrap())));
    assert_eq!(UserKey::parse("Alice"), Some(UserKey::Username("alice".into())));
    for nobody in ["0", "9223372036854775808", "00"] {
        assert_eq!(UserKey::parse(nobody), None, "{nobody}");
    }
}

#[tokio::test]
async fn admins_are_found_by_their_index() {
    let (_database, db) = database().await;
    let db = db.begin().await.unwrap();
    let admins = user::Entity::find().admins().with_password().build(db.get_database_backend());
    let plan = match db.get_database_backend() {
        DbBackend::Postgres => {
            // The table is too small for the index otherwise.
            db.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
            "EXPLAIN"
        }
        _ => "EXPLAIN QUERY PLAN",
    };
    let plan = Statement { sql: format!("{plan} {}", admins.sql), ..admins };
    let rows = db.query_all_raw(plan).await.unwrap();
    let step = |row: &QueryResult| {
        row.try_get::<String>("", "detail").or_else(|_sqlite| row.try_get_by_index(0)).unwrap()
    };
    let steps: Vec<String> = rows.iter().map(step).collect();
    assert!(steps.join("\n").contains("idx_users_admins"), "{steps:?}");
}
