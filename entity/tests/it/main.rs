//! The entities as their users write them, on whichever database the tests run on.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails where it stands")]

mod associations;
mod loading;
mod scopes;

use entity::{note, team, user};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    DatabaseConnection,
    prelude::DateTimeUtc,
};
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

/// A user of this name, whose username is the name in lower case.
async fn new_user(db: &DatabaseConnection, name: &str) -> user::Model {
    let user = user::ActiveModel {
        id: NotSet,
        username: Set(name.to_lowercase()),
        name: Set(name.to_owned()),
        name_folded: NotSet,
        password_hash: Set(None),
        admin: Set(false),
        disabled: Set(false),
        created_at: Set(noon()),
        updated_at: Set(noon()),
    };
    user.insert(db).await.unwrap()
}

async fn new_admin(db: &DatabaseConnection, name: &str) -> user::Model {
    let mut admin: user::ActiveModel = new_user(db, name).await.into();
    admin.admin = Set(true);
    admin.update(db).await.unwrap()
}

async fn new_disabled(db: &DatabaseConnection, name: &str) -> user::Model {
    let mut disabled: user::ActiveModel = new_user(db, name).await.into();
    disabled.disabled = Set(true);
    disabled.update(db).await.unwrap()
}

async fn new_note(db: &DatabaseConnection, author: &user::Model, content: &str) -> note::Model {
    let note = note::ActiveModel {
        id: NotSet,
        content: Set(content.to_owned()),
        content_folded: NotSet,
        important: Set(content.contains('!')),
        date: Set(noon()),
        user_id: Set(author.id),
        created_at: Set(noon()),
        updated_at: Set(noon()),
    };
    note.insert(db).await.unwrap()
}

async fn new_team(db: &DatabaseConnection, name: &str) -> team::Model {
    let team = team::ActiveModel { id: NotSet, name: Set(name.to_owned()), name_folded: NotSet };
    team.insert(db).await.unwrap()
}
