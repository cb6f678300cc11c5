use entity::SessionId;
use serde::Serialize;
use service::users::AccountRow;

use super::bodies::UserBody;
use crate::resources::{
    memberships::TeamMembershipBody, notes::NoteCoreBody, reading_list::MarkedNoteBody,
    sessions::SessionBody,
};

/// A line of an exported account.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum AccountLine {
    User(UserBody),
    Session(SessionBody),
    Team(TeamMembershipBody),
    Note(NoteCoreBody),
    MarkedNote(MarkedNoteBody),
}

impl AccountLine {
    /// The line of a row, in this session.
    pub(super) fn new(row: AccountRow, current: Option<SessionId>) -> Self {
        match row {
            AccountRow::User(user) => Self::User(user.into()),
            AccountRow::Session(session) => Self::Session(SessionBody::new(session, current)),
            AccountRow::Team(team) => Self::Team(team.into()),
            AccountRow::Note(note) => Self::Note(note.into()),
            AccountRow::MarkedNote(marked) => Self::MarkedNote(marked.into()),
        }
    }
}
