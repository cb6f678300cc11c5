//! Rows of the database as lines of the file, and back.

use entity::{mark, membership, note, share, team, user};

use super::{
    line::Line,
    rows::{Mark, Membership, Note, Share, Team, User},
};

impl From<user::Model> for Line {
    fn from(row: user::Model) -> Self {
        let user::Model {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
            name_folded: _,
        } = row;
        Self::User(User {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
        })
    }
}

impl From<team::Model> for Line {
    fn from(row: team::Model) -> Self {
        let team::Model { id, name, version, name_folded: _ } = row;
        Self::Team(Team { id, name, version })
    }
}

impl From<membership::Model> for Line {
    fn from(row: membership::Model) -> Self {
        let membership::Model { id, user_id, team_id, role, joined_at } = row;
        Self::Membership(Membership { id, user_id, team_id, role, joined_at })
    }
}

impl From<note::Model> for Line {
    fn from(row: note::Model) -> Self {
        let note::Model {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            visibility,
            content_folded: _,
        } = row;
        Self::Note(Note {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            visibility,
        })
    }
}

impl From<share::Model> for Line {
    fn from(row: share::Model) -> Self {
        let share::Model { id, note_id, team_id } = row;
        Self::Share(Share { id, note_id, team_id })
    }
}

impl From<mark::Model> for Line {
    fn from(row: mark::Model) -> Self {
        let mark::Model { id, user_id, note_id, read } = row;
        Self::Mark(Mark { id, user_id, note_id, read })
    }
}

impl TryFrom<Line> for user::Model {
    /// A line of another kind, returned unchanged.
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::User(User {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
        }) = line
        else {
            return Err(line);
        };
        Ok(Self {
            id,
            username,
            name,
            password_hash,
            admin,
            disabled,
            created_at,
            updated_at,
            version,
            name_folded: String::new(),
        })
    }
}

impl TryFrom<Line> for team::Model {
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Team(Team { id, name, version }) = line else { return Err(line) };
        Ok(Self { id, name, version, name_folded: String::new() })
    }
}

impl TryFrom<Line> for membership::Model {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Membership(Membership { id, user_id, team_id, role, joined_at }) = line else {
            return Err(line);
        };
        Ok(Self { id, user_id, team_id, role, joined_at })
    }
}

impl TryFrom<Line> for note::Model {
    type Error = Line;

    /// `before_save` sets the search column.
    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Note(Note {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            visibility,
        }) = line
        else {
            return Err(line);
        };
        Ok(Self {
            id,
            content,
            important,
            date,
            user_id,
            created_at,
            updated_at,
            version,
            visibility,
            content_folded: String::new(),
        })
    }
}

impl TryFrom<Line> for share::Model {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Share(Share { id, note_id, team_id }) = line else { return Err(line) };
        Ok(Self { id, note_id, team_id })
    }
}

impl TryFrom<Line> for mark::Model {
    type Error = Line;

    fn try_from(line: Line) -> Result<Self, Line> {
        let Line::Mark(Mark { id, user_id, note_id, read }) = line else { return Err(line) };
        Ok(Self { id, user_id, note_id, read })
    }
}
