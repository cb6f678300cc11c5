use sea_orm::{
    ActiveValue::{NotSet, Set},
    entity::prelude::*,
};

use super::{text, user};
use crate::{
    NoteId, UserId,
    version::{FIRST_VERSION, advance},
};

/// Who sees a note besides its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Visibility {
    /// Everyone.
    #[sea_orm(string_value = "public")]
    Public,
    /// The enabled members of the teams that it is shared with.
    #[sea_orm(string_value = "team")]
    Team,
    /// Nobody.
    #[sea_orm(string_value = "private")]
    Private,
}

/// A row of `notes`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: NoteId,
    pub content: String,
    /// Case-folded search column of `content`; set by `before_save`.
    pub content_folded: String,
    pub important: bool,
    /// The time that the note is about; the author chooses it.
    pub date: DateTimeUtc,
    pub user_id: UserId,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// 1 for a new note, one more with each change.
    pub version: i64,
    pub visibility: Visibility,
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<super::user::Entity>,
    #[sea_orm(has_many)]
    pub marks: HasMany<super::mark::Entity>,
    #[sea_orm(has_many)]
    pub shares: HasMany<super::share::Entity>,
    #[sea_orm(has_many, via = "share")]
    pub teams: HasMany<super::team::Entity>,
}

#[async_trait::async_trait]
impl ActiveModelBehavior for ActiveModel {
    async fn before_save<C: ConnectionTrait>(mut self, _: &C, _: bool) -> Result<Self, DbErr> {
        if let Set(content) = &self.content {
            self.content_folded = Set(text::fold(content));
        }
        Ok(self)
    }
}

/// A note without its author and its search column.
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct Core {
    pub id: NoteId,
    pub content: String,
    pub important: bool,
    pub date: DateTimeUtc,
    pub user_id: UserId,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i64,
    pub visibility: Visibility,
}

impl From<Model> for Core {
    fn from(note: Model) -> Self {
        let Model {
            id,
            content,
            content_folded: _,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            visibility,
        } = note;
        Self { id, content, important, date, user_id, created_at, updated_at, version, visibility }
    }
}

/// A note and its author. For [`super::Scopes::with_author`].
#[derive(Clone, Debug, PartialEq, Eq, DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub struct WithAuthor {
    #[sea_orm(nested)]
    pub note: Core,
    #[sea_orm(nested)]
    pub author: user::UserSummary,
}

impl Core {
    /// Whether the members of teams see it.
    pub fn is_for_teams(&self) -> bool {
        self.visibility == Visibility::Team
    }
}

impl AsRef<Core> for WithAuthor {
    fn as_ref(&self) -> &Core {
        &self.note
    }
}

impl Model {
    /// Whether this user is the author.
    pub fn is_written_by(&self, user_id: UserId) -> bool {
        self.user_id == user_id
    }

    /// Whether everyone sees it.
    pub(super) fn is_public(&self) -> bool {
        self.visibility == Visibility::Public
    }
}

impl ActiveModel {
    /// A new note, public, unimportant and dated now.
    pub fn new(author: UserId, content: String, now: DateTimeUtc) -> Self {
        Self {
            id: NotSet,
            content: Set(content),
            content_folded: NotSet,
            important: Set(false),
            date: Set(now),
            user_id: Set(author),
            created_at: Set(now),
            updated_at: Set(now),
            version: Set(FIRST_VERSION),
            visibility: Set(Visibility::Public),
        }
    }

    /// Replaces the content.
    pub fn set_content(&mut self, content: String) {
        self.content.set_ne(content);
    }

    /// Makes the note important or unimportant.
    pub fn set_important(&mut self, important: bool) {
        self.important.set_ne(important);
    }

    /// Sets the time that the note is about.
    pub fn set_date(&mut self, date: DateTimeUtc) {
        self.date.set_ne(date);
    }

    /// Sets who sees the note.
    pub fn set_visibility(&mut self, visibility: Visibility) {
        self.visibility.set_ne(visibility);
    }

    /// Records that the note was changed: when, and as a new version.
    pub fn record_change(&mut self, now: DateTimeUtc) {
        self.updated_at = Set(now);
        advance(&mut self.version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_written_by_its_author_only() {
        let [alice, bob] = [1, 2].map(|id| UserId::try_from(id).unwrap());
        let now = DateTimeUtc::UNIX_EPOCH;
        let note = Model {
            id: NoteId::try_from(1).unwrap(),
            content: "Hello".into(),
            content_folded: "hello".into(),
            important: false,
            date: now,
            user_id: alice,
            created_at: now,
            updated_at: now,
            version: 1,
            visibility: Visibility::Public,
        };
        assert!(note.is_written_by(alice));
        assert!(!note.is_written_by(bob));
    }
}
