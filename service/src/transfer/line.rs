//! The lines of an export file, and their order.

use serde::{Deserialize, Serialize};

use super::{
    last_ids::LastIds,
    rows::{Mark, Membership, Note, Share, Team, User},
};
use crate::bulk::Counts;

/// One line of the file. Lines come in this order, so that each refers to rows on earlier lines only.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Header(Header),
    User(User),
    Team(Team),
    Membership(Membership),
    Note(Note),
    Share(Share),
    Mark(Mark),
    LastIds(LastIds),
    End(End),
}

/// The first line, which identifies the format.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
}

/// The last line, which all lines before it must match.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) counts: Counts,
    /// The checksum of all lines before this one, line breaks included, in hexadecimal.
    pub(super) sha256: String,
}

impl Line {
    /// Its position in the order of the file.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Header(_) => 0,
            Self::User(_) => 1,
            Self::Team(_) => 2,
            Self::Membership(_) => 3,
            Self::Note(_) => 4,
            Self::Share(_) => 5,
            Self::Mark(_) => 6,
            Self::LastIds(_) => 7,
            Self::End(_) => 8,
        }
    }

    /// Adds it to the count of its kind.
    pub(super) fn count(&self, counts: &mut Counts) {
        match self {
            Self::User(_) => counts.users += 1,
            Self::Team(_) => counts.teams += 1,
            Self::Membership(_) => counts.memberships += 1,
            Self::Note(_) => counts.notes += 1,
            Self::Share(_) => counts.shares += 1,
            Self::Mark(_) => counts.marks += 1,
            Self::Header(_) | Self::LastIds(_) | Self::End(_) => {}
        }
    }
}
