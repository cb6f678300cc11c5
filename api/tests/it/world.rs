//! A service with rows in every table, and one caller of each kind.

use serde_json::{Value, json};
use testkit::{Client, TestApp};

use crate::api_tokens::ALL_SCOPES;

/// The SHA-256 of `an invitation of the world`, the token of the invitation of `invited` (user 8).
const INVITATION_HASH: &str = "6d8446a3f24ff3f6c699bdd7d44788a8f1ecd268eda54783566673f37ee894d1";

/// Notes 1 and 2, mark 1, team 1, session 1 and API token 1, and these callers:
///
/// - `author` (user 2) has written note 1, made the mark and the API token, and started the session, on a device
///   other than the one that calls.
/// - `script` has that API token, which allows whatever one can.
/// - `owner` (user 3) owns the team, with which they share note 2, and `member` (user 4) belongs to it.
/// - `other` (user 5) is unrelated to all of them.
/// - `locked` (user 6) belongs to the team and is disabled.
/// - `gone` (user 7) has logged out.
pub(crate) struct World {
    pub(crate) app: TestApp,
    clients: Vec<(&'static str, Client)>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(TestApp::start().await).await
    }

    /// The same with a service that nobody has used yet.
    pub(crate) async fn of(app: TestApp) -> Self {
        app.user("author").await;
        let author = app.log_in("author").await;
        let owner = app.user("owner").await;
        let member = app.user("member").await;
        let other = app.user("other").await;
        let disabled = app.user("locked").await;
        let logged_out = app.user("gone").await;
        let admin = app.admin().await;

        author.post("/api/notes", json!({ "content": "Written" })).await.created();
        author.post("/api/readinglists", json!({ "note_id": 1 })).await.created();
        owner.post("/api/teams", json!({ "name": "Team" })).await.created();
        owner.put("/api/teams/1/members", json!({ "user_ids": [3, 4, 6] })).await.ok();
        let shared = json!({ "content": "Shared", "visibility": "team", "team_ids": [1] });
        owner.post("/api/notes", shared).await.created();
        admin.put("/api/users/locked", json!({ "disabled": true })).await.ok();
        logged_out.delete("/api/logout").await.no_content();

        let new = json!({ "name": "Script", "scopes": ALL_SCOPES });
        let issued = author.post("/api/tokens", new).await.created();
        let script = author.with_token(issued["token"].as_str().unwrap());

        let new = json!({ "username": "invited", "name": "Invited" });
        admin.post("/api/invitations", new).await.created();
        let known = format!("UPDATE invitations SET token_hash = '{INVITATION_HASH}'");
        app.database.execute(&known).await;

        let clients = vec![
            ("script", script),
            ("anonymous", app.anonymous()),
            ("other", other),
            ("member", member),
            ("owner", owner),
            ("author", author),
            ("admin", admin),
            ("disabled", disabled),
            ("logged-out", logged_out),
        ];
        Self { app, clients }
    }

    /// The caller of this kind.
    pub(crate) fn caller(&self, kind: &str) -> &Client {
        let found = self.clients.iter().find(|(known, _)| *known == kind);
        &found.unwrap_or_else(|| panic!("{kind} is no kind of caller")).1
    }

    /// Every row of the database, without the columns that reading may change.
    pub(crate) async fn stored(&self) -> Vec<(String, Value)> {
        let mut rows = self.app.database.rows().await;
        for (_, row) in &mut rows {
            row.as_object_mut().unwrap().remove("last_used_at");
        }
        rows
    }
}
