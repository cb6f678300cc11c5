use utoipa::openapi::tag::{Tag, TagBuilder};

/// The tag of operations that another one does too.
pub(super) const ALIASES: &str = "aliases";

/// What operations are grouped by: their resource.
const TAGS: [(&str, &str); 10] = [
    ("instance", "The service itself: its first admin, and whether all is well."),
    ("sessions", "Logging in and out, and the sessions that this starts and ends."),
    (
        "api tokens",
        "What scripts and bots authenticate with: a user makes them, and says what each allows.",
    ),
    ("invitations", "Inviting somebody, who then sets a first password."),
    ("users", "Signing up, and the people who write and mark notes."),
    ("notes", "Notes, and who has marked them."),
    ("reading list", "The notes that the caller has marked, each read or still to read."),
    ("teams", "Teams."),
    ("memberships", "Who belongs to which team, seen from the team and from the user."),
    (
        ALIASES,
        "`PATCH` where `PUT` does the same. Leave this tag out to generate clients with one method for each \
         call.",
    ),
];

/// All of them, described.
pub(super) fn all() -> Vec<Tag> {
    let tag = |(name, description): &(&str, &str)| {
        TagBuilder::new().name(*name).description(Some(*description)).build()
    };
    TAGS.iter().map(tag).collect()
}

/// The tag of a resource, named like its module.
pub(super) fn of(resource: &str) -> String {
    resource.replace('_', " ")
}
