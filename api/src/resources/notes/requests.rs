use chrono::{DateTime, Utc};
use deserr::Deserr;
use entity::TeamId;
use service::{
    notes::{Content, Filter, NewNote, NoteChange, Visibility},
    users::UserKey,
};
use utoipa::{IntoParams, ToSchema};

use super::VisibilityBody;
use crate::{
    http::extract::{BadParameter, IdList, Includable, SearchText, Violations, flag, id_list},
    resources::values::ContentText,
};

/// A note to write.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NewNote, example = json!({
    "content": "Test backups by restoring them", "important": true
}))]
pub(crate) struct NewNoteBody {
    #[schema(value_type = ContentText)]
    content: Content,
    /// Whether it is important; `false` if omitted.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    important: Option<bool>,
    /// The time the note is about; now, if omitted.
    #[deserr(default, from(DateTime<Utc>) = Some)]
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
    /// Who sees it; if omitted, what the service is set up for, which is `public` unless the operator says otherwise.
    #[deserr(default, from(VisibilityBody) = Some)]
    #[schema(nullable = false)]
    visibility: Option<VisibilityBody>,
    /// With `visibility` `team`: the teams whose members see it, of those that the caller belongs to; at least one.
    #[deserr(default, try_from(Vec<TeamId>) = some_ids -> String)]
    #[schema(value_type = Option<IdList>, nullable = false)]
    team_ids: Option<Vec<TeamId>>,
}

impl NewNoteBody {
    /// The note; `default` says who sees it unless the body does.
    pub(super) fn into_note(self, default: Visibility) -> NewNote {
        let Self { content, important, date, visibility, team_ids } = self;
        let visibility = visibility.map_or(default, Visibility::from);
        NewNote { content, important: important.unwrap_or(false), date, visibility, team_ids }
    }
}

fn some_ids(ids: Vec<TeamId>) -> Result<Option<Vec<TeamId>>, String> {
    id_list(ids).map(Some)
}

/// Changes to a note; members that are omitted stay as they are.
#[derive(Deserr, ToSchema)]
#[deserr(error = Violations)]
#[schema(as = NoteChange, example = json!({ "important": false }))]
pub(crate) struct NoteChangeBody {
    #[deserr(default, from(Content) = Some)]
    #[schema(value_type = Option<ContentText>, nullable = false)]
    content: Option<Content>,
    /// Whether it is important.
    #[deserr(default, from(bool) = Some)]
    #[schema(nullable = false)]
    important: Option<bool>,
    /// The time the note is about.
    #[deserr(default, from(DateTime<Utc>) = Some)]
    #[schema(nullable = false)]
    date: Option<DateTime<Utc>>,
    /// Who sees it.
    #[deserr(default, from(VisibilityBody) = Some)]
    #[schema(nullable = false)]
    visibility: Option<VisibilityBody>,
    /// All teams whose members see it; at least one. Only for a note whose `visibility` is `team`, or becomes it; new
    /// ones must be teams that the caller belongs to.
    #[deserr(default, try_from(Vec<TeamId>) = some_ids -> String)]
    #[schema(value_type = Option<IdList>, nullable = false)]
    team_ids: Option<Vec<TeamId>>,
}

impl From<NoteChangeBody> for NoteChange {
    fn from(change: NoteChangeBody) -> Self {
        let NoteChangeBody { content, important, date, visibility, team_ids } = change;
        let visibility = visibility.map(Visibility::from);
        Self { content, important, date, visibility, team_ids }
    }
}

/// Which notes to list; all conditions must hold.
#[derive(Clone, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoteQuery {
    /// Only important notes, or only unimportant ones.
    #[deserr(default, try_from(String) = flag -> &'static str)]
    important: Option<bool>,
    /// Text that the content contains, ignoring case; `%` and `_` have no special meaning.
    #[deserr(default, from(SearchText) = Some)]
    #[param(inline)]
    search: Option<SearchText>,
    /// The author's id or username; an unknown one has no notes.
    #[deserr(default, from(String) = author)]
    #[param(value_type = Option<String>, example = "alice")]
    user: Option<UserKey>,
}

/// Digits that are not a valid id match nobody, like an unknown username.
fn author(key: String) -> Option<UserKey> {
    UserKey::parse(&key).or(Some(UserKey::Username(String::new())))
}

impl From<NoteQuery> for Filter {
    fn from(NoteQuery { important, search, user }: NoteQuery) -> Self {
        Self { important, search: search.map(|SearchText(text)| text), author: user }
    }
}

/// What can be included with each note of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListedNoteInclude {
    Teams,
}

impl Includable for ListedNoteInclude {
    const ALL: &[(&str, Self, &[&str])] = &[("teams", Self::Teams, &["teams", "team_count"])];
    const DEFAULT: &[Self] = &[];
}

/// What can be included with a note.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoteInclude {
    UsersMarked,
    Teams,
}

impl Includable for NoteInclude {
    const ALL: &[(&str, Self, &[&str])] = &[
        ("users_marked", Self::UsersMarked, &["users_marked", "marked_count"]),
        ("teams", Self::Teams, &["teams", "team_count"]),
    ];
    const DEFAULT: &[Self] = &[];
}
