//! The entities as their users write them, on whichever database the tests run on.

#![expect(clippy::unwrap_used, reason = "a test that can't continue fails on the spot")]

mod associations;
mod loading;
mod scopes;

use entity::{
    note, team,
    user::{self, PasswordHash},
};
use sea_orm::{ActiveModelTrait, DatabaseConnection, IntoActiveModel, prelude::DateTimeUtc};
use testkit::TestDatabase;

/// A migrated database, and a connection to it.
async fn database() -> (TestDatabase, DatabaseConnection) {
    let database = TestDatabase::migrated().await;
    let db = database.connect().await;
    (database, db)
}

fn noon() -> DateTimeUtc {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A user with this name, whose username is the name in lower case.
async fn new_user(db: &DatabaseConnection, name: &str) -> user::Model {
    let password = PasswordHash("not a hash".to_owned());
    let user = user::ActiveModel::new(name.to_lowercase(), name.to_owned(), password, noon());
    user.insert(db).await.unwrap()
}

async fn new_admin(db: &DatabaseConnection, name: &str) -> user::Model {
    let mut admin = new_user(db, name).await.into_active_model();
    admin.set_admin(true);
    admin.update(db).await.unwrap()
}

async fn new_disabled(db: &DatabaseConnection, name: &str) -> user::Model {
    let mut disabled = new_user(db, name).await.into_active_model();
    disabled.set_disabled(true);
    disabled.update(db).await.unwrap()
}

async fn new_note(db: &DatabaseConnection, author: &user::Model, content: &str) -> note::Model {
    let mut note = note::ActiveModel::new(author.id, content.to_owned(), noon());
    note.set_important(content.contains('!'));
    note.insert_counted(db).await.unwrap()
}

async fn new_team(db: &DatabaseConnection, name: &str) -> team::Model {
    team::ActiveModel::new(name.to_owned()).insert(db).await.unwrap()
}
