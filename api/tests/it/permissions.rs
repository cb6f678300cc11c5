//! Who may do what: every route for every kind of caller.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use testkit::Answer;

use crate::world::World;

/// A row has a call, the status that each kind of caller gets, and the body to send. `world.rs` describes
/// the callers and how note 1, mark 1, team 1, session 1 and API token 1 relate
/// to them.
const TABLE: &str = r#"
                                       anonymous other member owner author admin disabled logged-out

POST   /api/login                      200       200   200    200   200    200   401      401         {"username":"other","password":"walnut-harbour-42"}
DELETE /api/logout                     401       204   204    204   204    204   401      401
GET    /api/sessions                   401       200   200    200   200    200   401      401
DELETE /api/sessions                   401       204   204    204   204    204   401      401
GET    /api/sessions/current           401       200   200    200   200    200   401      401
DELETE /api/sessions/1                 401       404   404    404   204    204   401      401
DELETE /api/sessions/99                401       404   404    404   404    404   401      401

GET    /api/setup                      200       200   200    200   200    200   401      401
POST   /api/setup                      409       409   409    409   409    409   401      401         {"token":"0zxJT52YBw0Bt22Cb5ScbKXzcNU569IF4CgLggk2fJc","username":"root","name":"Root","password":"cedar-lantern-77"}
GET    /api/doctor                     401       403   403    403   403    200   401      401

GET    /api/tokens                     401       200   200    200   200    200   401      401
POST   /api/tokens                     401       201   201    201   201    201   401      401         {"name":"Backup","scopes":["read"]}
GET    /api/tokens/current             401       404   404    404   404    404   401      401
DELETE /api/tokens/1                   401       404   404    404   204    204   401      401
DELETE /api/tokens/99                  401       404   404    404   404    404   401      401

POST   /api/invitations                401       403   403    403   403    201   401      401         {"username":"newcomer","name":"New"}
POST   /api/invitations/accept         200       200   200    200   200    200   401      401         {"token":"an invitation of the world","password":"cedar-lantern-77"}
POST   /api/invitations/accept         422       422   422    422   422    422   401      401         {"token":"nothing","password":"cedar-lantern-77"}

GET    /api/users                      200       200   200    200   200    200   401      401
GET    /api/users?disabled=false       200       200   200    200   200    200   401      401
GET    /api/users?disabled=true        401       403   403    403   403    200   401      401
GET    /api/users?disabled=any         401       403   403    403   403    200   401      401
POST   /api/users                      201       201   201    201   201    201   401      401         {"username":"newcomer","name":"New","password":"walnut-harbour-42"}
GET    /api/users/author               200       200   200    200   200    200   401      401
GET    /api/users/author?teams=true    200       200   200    200   200    200   401      401
GET    /api/users/locked               404       404   404    404   404    200   401      401
GET    /api/users/nobody               404       404   404    404   404    404   401      401
PUT    /api/users/author               401       403   403    403   200    200   401      401         {"name":"Renamed"}
PATCH  /api/users/author               401       403   403    403   200    200   401      401         {"name":"Renamed"}
PUT    /api/users/author               401       403   403    403   200    200   401      401         {"password":"other-harbour-43","current_password":"walnut-harbour-42"}
PUT    /api/users/author               401       403   403    403   422    200   401      401         {"password":"other-harbour-43"}
PUT    /api/users/author               401       403   403    403   403    200   401      401         {"admin":true}
PATCH  /api/users/author               401       403   403    403   403    200   401      401         {"disabled":true}
PUT    /api/users/locked               401       404   404    404   404    200   401      401         {"disabled":false}
PUT    /api/users/nobody               401       404   404    404   404    404   401      401         {"disabled":false}
DELETE /api/users/author               401       403   403    403   204    204   401      401
DELETE /api/users/locked               401       404   404    404   404    204   401      401
DELETE /api/users/nobody               401       404   404    404   404    404   401      401
GET    /api/users/author/sessions      401       403   403    403   200    200   401      401
GET    /api/users/nobody/sessions      401       404   404    404   404    404   401      401
DELETE /api/users/author/sessions      401       403   403    403   204    204   401      401
GET    /api/users/author/tokens        401       403   403    403   403    200   401      401
GET    /api/users/nobody/tokens        401       404   404    404   404    404   401      401
DELETE /api/users/author/tokens        401       403   403    403   403    204   401      401
GET    /api/users/author/export        401       403   403    403   200    403   401      401
GET    /api/users/locked/export        401       404   404    404   404    403   401      401
GET    /api/users/nobody/export        401       404   404    404   404    404   401      401
GET    /api/users/author/notes         200       200   200    200   200    200   401      401
GET    /api/users/locked/notes         404       404   404    404   404    200   401      401
GET    /api/users/author/marked_notes  200       200   200    200   200    200   401      401
GET    /api/users/locked/marked_notes  404       404   404    404   404    200   401      401
GET    /api/users/member/teams         200       200   200    200   200    200   401      401
GET    /api/users/locked/teams         404       404   404    404   404    200   401      401
PUT    /api/users/member/teams         401       403   403    403   403    200   401      401         {"team_ids":[]}
PATCH  /api/users/nobody/teams         401       403   403    403   403    404   401      401         {"team_ids":[1]}
GET    /api/users/member/teams/1       200       200   200    200   200    200   401      401
GET    /api/users/other/teams/1        404       404   404    404   404    404   401      401
GET    /api/users/locked/teams/1       404       404   404    404   404    200   401      401
PUT    /api/users/other/teams/1        401       403   403    201   403    201   401      401
PATCH  /api/users/member/teams/1       401       403   403    200   403    200   401      401         {"role":"owner"}
PUT    /api/users/other/teams/99       401       404   404    404   404    404   401      401
DELETE /api/users/member/teams/1       401       403   204    204   403    204   401      401
DELETE /api/users/owner/teams/1        401       403   403    409   403    204   401      401

GET    /api/notes                      200       200   200    200   200    200   401      401
GET    /api/notes?user=locked          200       200   200    200   200    200   401      401
POST   /api/notes                      401       201   201    201   201    201   401      401         {"content":"New"}
GET    /api/notes/1                    200       200   200    200   200    200   401      401
GET    /api/notes/1?include=users_marked  200    200   200    200   200    200   401      401
GET    /api/notes/1/users_marked       200       200   200    200   200    200   401      401
GET    /api/notes/99/users_marked      404       404   404    404   404    404   401      401
GET    /api/notes/99                   404       404   404    404   404    404   401      401
PUT    /api/notes/1                    401       403   403    403   200    403   401      401         {"content":"Rewritten"}
PATCH  /api/notes/1                    401       403   403    403   200    403   401      401         {"important":true}
PUT    /api/notes/99                   401       404   404    404   404    404   401      401         {"important":true}
PUT    /api/notes/1                    401       403   403    403   200    403   401      401         {"visibility":"private"}
PUT    /api/notes/1                    401       403   403    403   422    403   401      401         {"visibility":"team","team_ids":[1]}
GET    /api/notes/2                    404       404   200    200   404    404   401      401
PUT    /api/notes/2                    401       404   403    200   404    404   401      401         {"visibility":"public"}
GET    /api/notes/1/teams              200       200   200    200   200    200   401      401
GET    /api/notes/2/teams              404       404   200    200   404    404   401      401
PUT    /api/notes/1/teams              401       403   403    403   409    403   401      401         {"team_ids":[1]}
PATCH  /api/notes/2/teams              401       404   403    200   404    404   401      401         {"team_ids":[1]}
GET    /api/notes/1/teams/1            404       404   404    404   404    404   401      401
GET    /api/notes/2/teams/1            404       404   200    200   404    404   401      401
PUT    /api/notes/1/teams/1            401       403   403    403   409    403   401      401
PUT    /api/notes/2/teams/1            401       404   403    200   404    404   401      401
PATCH  /api/notes/2/teams/99           401       404   403    404   404    404   401      401
DELETE /api/notes/2/teams/1            401       404   403    409   404    404   401      401
DELETE /api/notes/2                    401       404   403    204   404    404   401      401
DELETE /api/notes/1                    401       403   403    403   204    204   401      401
DELETE /api/notes/99                   401       404   404    404   404    404   401      401

GET    /api/readinglists               401       200   200    200   200    200   401      401
POST   /api/readinglists               401       201   201    201   200    201   401      401         {"note_id":1}
POST   /api/readinglists               401       403   403    403   200    403   401      401         {"note_id":1,"user_id":2}
POST   /api/readinglists               401       200   200    200   200    200   401      401         {"note_ids":[1]}
POST   /api/readinglists               401       422   422    422   422    422   401      401         {"note_ids":[1,99]}
PATCH  /api/readinglists               401       200   200    200   200    200   401      401         {"all":true,"read":true}
PATCH  /api/readinglists               401       422   422    422   200    422   401      401         {"ids":[1],"read":true}
GET    /api/readinglists/counts        401       200   200    200   200    200   401      401
GET    /api/readinglists/1             401       403   403    403   200    403   401      401
GET    /api/readinglists/99            401       404   404    404   404    404   401      401
PUT    /api/notes/1/mark               401       201   201    201   200    201   401      401
PATCH  /api/notes/1/mark               401       201   201    201   200    201   401      401         {"read":true}
PUT    /api/notes/2/mark               401       404   201    201   404    404   401      401
POST   /api/readinglists               401       422   201    201   422    422   401      401         {"note_id":2}
PUT    /api/notes/99/mark              401       404   404    404   404    404   401      401
DELETE /api/notes/1/mark               401       404   404    404   204    404   401      401
PUT    /api/readinglists/1             401       403   403    403   200    403   401      401         {"read":true}
PATCH  /api/readinglists/1             401       403   403    403   200    403   401      401         {"read":true}
PUT    /api/readinglists/99            401       404   404    404   404    404   401      401         {"read":true}
DELETE /api/readinglists/1             401       403   403    403   204    403   401      401
DELETE /api/readinglists/99            401       404   404    404   404    404   401      401

GET    /api/teams                      200       200   200    200   200    200   401      401
POST   /api/teams                      401       201   201    201   201    201   401      401         {"name":"New"}
GET    /api/teams/1                    200       200   200    200   200    200   401      401
GET    /api/teams/99                   404       404   404    404   404    404   401      401
PUT    /api/teams/1                    401       403   403    200   403    200   401      401         {"name":"Renamed"}
PATCH  /api/teams/1                    401       403   403    200   403    200   401      401         {"name":"Renamed"}
DELETE /api/teams/1                    401       403   403    204   403    204   401      401
PUT    /api/teams/1/members            401       403   403    200   403    200   401      401         {"user_ids":[3,5]}
PATCH  /api/teams/1/members            401       403   403    200   403    200   401      401         {"user_ids":[3,5]}
GET    /api/teams/1/members            200       200   200    200   200    200   401      401
GET    /api/teams/99/members           404       404   404    404   404    404   401      401
GET    /api/teams/1/members/member     200       200   200    200   200    200   401      401
GET    /api/teams/1/members/locked     404       404   404    404   404    404   401      401
PUT    /api/teams/1/members/other      401       403   403    201   403    201   401      401
PATCH  /api/teams/1/members/other      401       403   403    201   403    201   401      401
PUT    /api/teams/1/members/member     401       403   403    200   403    200   401      401         {"role":"owner"}
PUT    /api/teams/1/members/locked     401       403   403    404   403    404   401      401
DELETE /api/teams/1/members/member     401       403   204    204   403    204   401      401
DELETE /api/teams/1/members/locked     401       404   404    404   404    404   401      401

GET    /api/openapi.json               200       200   200    200   200    200   401      401
GET    /                               200       200   200    200   200    200   200      200
GET    /notes/1                       200       200   200    200   200    200   200      200
GET    /reading-list                  200       200   200    200   200    200   200      200
GET    /teams                         200       200   200    200   200    200   200      200
GET    /teams/1                       200       200   200    200   200    200   200      200
GET    /people                        200       200   200    200   200    200   200      200
GET    /people/author                 200       200   200    200   200    200   200      200
GET    /account                       200       200   200    200   200    200   200      200
GET    /admin                         200       200   200    200   200    200   200      200
GET    /login                         200       200   200    200   200    200   200      200
GET    /sign-up                       200       200   200    200   200    200   200      200
GET    /accept-invitation             200       200   200    200   200    200   200      200
GET    /setup                         200       200   200    200   200    200   200      200
GET    /assets/nothing.js             404       404   404    404   404    404   404      404
GET    /favicon.ico                    204       204   204    204   204    204   204      204
GET    /problems/validation            200       200   200    200   200    200   200      200
GET    /docs/                          308       308   308    308   308    308   308      308
GET    /docs                           200       200   200    200   200    200   200      200
GET    /docs/docs.css                  200       200   200    200   200    200   200      200
GET    /healthz                        200       200   200    200   200    200   200      200
GET    /readyz                         200       200   200    200   200    200   200      200
GET    /metrics                        200       200   200    200   200    200   200      200
"#;

/// A row of the table.
pub(crate) struct Row {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// Each kind of caller, and its status.
    pub(crate) statuses: Vec<(&'static str, u16)>,
    pub(crate) body: Option<Value>,
}

pub(crate) fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines().filter(|line| !line.is_empty());
    let callers: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let row = |line: &'static str| {
        let (call, body) = line.split_at(line.find('{').unwrap_or(line.len()));
        let mut cells = call.split_whitespace();
        let (method, path) = (cells.next().unwrap(), cells.next().unwrap());
        let statuses: Vec<u16> = cells.map(|status| status.parse().unwrap()).collect();
        assert_eq!(statuses.len(), callers.len(), "{line}");
        Row {
            method: method.parse().unwrap(),
            path,
            statuses: callers.iter().copied().zip(statuses).collect(),
            body: (!body.is_empty()).then(|| serde_json::from_str(body).unwrap()),
        }
    };
    lines.map(row).collect()
}

/// A world that has only received calls without effect so far, and its initial contents.
struct Untouched {
    world: World,
    held: Vec<(String, Value)>,
}

impl Untouched {
    async fn start() -> Self {
        let world = World::start().await;
        let held = world.stored().await;
        Self { world, held }
    }

    async fn assert_unchanged(&self, row: &Row) {
        assert_eq!(self.world.stored().await, self.held, "{} {}", row.method, row.path);
    }
}

/// Returns the world unless it was written to.
async fn check(row: &Row, untouched: Option<Untouched>) -> Option<Untouched> {
    let mut untouched = untouched;
    let open = api::routes::api().open();
    let is_open = open
        .iter()
        .any(|(method, path)| method.as_str() == row.method.as_str() && *path == row.path);
    for (kind, expected) in &row.statuses {
        let current = match untouched.take() {
            Some(untouched) => untouched,
            None => Untouched::start().await,
        };
        let may_write = row.method != Method::GET && (200..300).contains(expected);
        if may_write {
            current.assert_unchanged(row).await;
        }
        let caller = current.world.caller(kind);
        let answer = caller.send(row.method.clone(), row.path, row.body.clone()).await;
        let what = format!("{} {} as {kind}: {}", row.method, row.path, answer.text);
        assert_eq!(answer.status.as_u16(), *expected, "{what}");
        if row.method == Method::GET {
            let head = caller.send(Method::HEAD, row.path, None).await;
            assert_eq!(head.status.as_u16(), *expected, "HEAD instead of {what}");
        }
        // Where no credential is needed, one in a cookie does not count if it is not valid.
        if !(may_write || is_open && *expected == 401) {
            let page = caller.as_page();
            let answer = page.send(row.method.clone(), row.path, row.body.clone()).await;
            assert_eq!(answer.status.as_u16(), *expected, "with a cookie instead of {what}");
        }
        untouched = (!may_write).then_some(current);
    }
    if let Some(current) = &untouched {
        current.assert_unchanged(row).await;
    }
    untouched
}

#[tokio::test]
async fn every_route_admits_exactly_whom_it_should() {
    let mut untouched = None;
    for row in rows() {
        untouched = Box::pin(check(&row, untouched)).await;
    }
}

/// The route of a path: the path itself, or the route with parameters that matches it.
pub(crate) fn route_of(path: &str, routes: &[&'static str]) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    let fits = |route: &str| {
        let (route, path) = (route.split('/'), path.split('/'));
        let is_as_long = route.clone().count() == path.clone().count();
        is_as_long && route.zip(path).all(|(part, given)| part == given || part.starts_with('{'))
    };
    let exact = routes.iter().find(|route| **route == path);
    let found = exact.or_else(|| routes.iter().find(|route| fits(route)));
    found.unwrap_or_else(|| panic!("{path} fits no route"))
}

#[test]
fn every_route_has_a_row() {
    let tables = [
        api::routes::api(),
        api::routes::page(),
        api::routes::operations(),
        api::routes::metrics(),
    ];
    let operations: Vec<(String, &str)> =
        tables.iter().flat_map(|table| table.operations()).collect();
    let routes: Vec<&str> = operations.iter().map(|(_, route)| *route).collect();
    let in_table: BTreeSet<(String, &str)> =
        rows().iter().map(|row| (row.method.to_string(), route_of(row.path, &routes))).collect();
    assert_eq!(in_table, BTreeSet::from_iter(operations));
}

/// The contents of a response, without the request id.
fn told(answer: Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.text)
}

/// Calls on hidden resources, each with the same call on a missing one.
const HIDDEN: [[&str; 3]; 14] = [
    ["GET", "/api/users/locked", "/api/users/nobody"],
    ["GET", "/api/users/6", "/api/users/99"],
    ["GET", "/api/users/LOCKED?teams=true&read=true", "/api/users/NOBODY?teams=true&read=true"],
    ["PUT", "/api/users/locked", "/api/users/nobody"],
    ["PATCH", "/api/users/6", "/api/users/99"],
    ["DELETE", "/api/users/locked", "/api/users/nobody"],
    ["GET", "/api/teams/1/members/locked", "/api/teams/1/members/nobody"],
    ["PUT", "/api/teams/1/members/locked", "/api/teams/1/members/nobody"],
    ["DELETE", "/api/teams/1/members/6", "/api/teams/1/members/99"],
    ["GET", "/api/notes/8?include=teams", "/api/notes/99?include=teams"],
    ["PUT", "/api/notes/8", "/api/notes/99"],
    ["DELETE", "/api/notes/8", "/api/notes/99"],
    ["PUT", "/api/notes/8/mark", "/api/notes/99/mark"],
    ["PUT", "/api/notes/8/teams", "/api/notes/99/teams"],
];

const PRIVATE_NOTE_OF_ADMIN: &str = "\
    INSERT INTO notes (id, content, content_folded, important, visibility, user_id, date, created_at, updated_at) \
    SELECT 8, 'Private', 'private', FALSE, 'private', id, created_at, created_at, updated_at FROM users WHERE id = 1";

#[tokio::test]
async fn hidden_resources_look_like_missing_ones() {
    let world = World::start().await;
    world.app.database.execute(PRIVATE_NOTE_OF_ADMIN).await;
    for kind in ["anonymous", "other", "member", "owner", "author"] {
        let caller = world.caller(kind);
        for [method, hidden, missing] in HIDDEN {
            for body in [r#"{"name":"New"}"#, r#"{"admin":true}"#, r#"{"role":"owner"}"#, "{}"] {
                let send = async |path| {
                    let (method, body) = (method.parse().unwrap(), serde_json::from_str(body));
                    told(caller.send(method, path, body.unwrap()).await)
                };
                let what = format!("{method} {hidden} as {kind}");
                assert_eq!(send(hidden).await, send(missing).await, "{what}");
            }
        }
    }
    let owner = world.caller("owner");
    for id in [6, 99] {
        let members = serde_json::json!({ "user_ids": [3, id] });
        let error = owner.put("/api/teams/1/members", members).await.problem(422);
        assert_eq!(error, "user_ids/1 does not refer to an existing user");
    }
}

#[tokio::test]
async fn a_list_of_ones_own_has_nothing_of_others() {
    let world = World::start().await;
    for (kind, sessions, marks) in
        [("author", 2, 1), ("other", 1, 0), ("member", 1, 0), ("admin", 1, 0)]
    {
        let length = async |path| world.caller(kind).get(path).await.ok().as_array().unwrap().len();
        assert_eq!(length("/api/sessions").await, sessions, "{kind}");
        assert_eq!(length("/api/readinglists").await, marks, "{kind}");
    }
}

#[tokio::test]
async fn no_response_to_a_read_has_a_password_or_a_token() {
    let world = World::start().await;
    let secret_columns = ["password_hash", "token_hash"];
    let rows = world.app.database.rows().await;
    let secrets: Vec<&str> = rows
        .iter()
        .flat_map(|(_, row)| secret_columns.iter().filter_map(|column| row[*column].as_str()))
        .collect();
    assert_eq!(secrets.len(), 7 + 7 + 1 + 1, "users, sessions, API tokens and invitations");
    let names = ["password", "hash", "token\"", "secret"];
    for row in rows_that_read() {
        for (kind, _) in row.statuses.iter().filter(|(_, status)| *status == 200) {
            let answer = world.caller(kind).get(row.path).await;
            let told = |text: &&str| answer.text.contains(*text);
            let what = format!("{} as {kind}: {}", row.path, answer.text);
            assert!(!secrets.iter().any(told) && !names.iter().any(told), "{what}");
        }
    }
}

/// The routes of `/api` whose responses contain rows.
fn rows_that_read() -> Vec<Row> {
    let has_none = ["/api/openapi.json", "/api/doctor"];
    let holds_rows = |row: &Row| row.path.starts_with("/api/") && !has_none.contains(&row.path);
    let all = rows().into_iter();
    all.filter(|row| row.method == Method::GET && holds_rows(row)).collect()
}
