use serde_json::{Value, json};
use testkit::{PASSWORD, TestApp};
use tokio::task::JoinSet;

use super::{USER, log_in, members, new_user};

/// The violations of a sign-up with this value for a member.
async fn pointers(app: &TestApp, member: &str, value: Value) -> Vec<String> {
    let mut new = new_user("alice");
    new[member] = value;
    app.anonymous().post("/api/users", new).await.pointers()
}

/// Values that are not text.
fn wrong_types() -> [Value; 5] {
    [json!(null), json!(12_345_678), json!(true), json!(["alice"]), json!({ "a": "b" })]
}

#[tokio::test]
async fn anyone_signs_up_and_is_not_an_admin() {
    let app = TestApp::start().await;
    let answer = app.anonymous().post("/api/users", new_user("alice")).await;
    let location = answer.header("location").to_owned();
    let user = answer.created();
    assert_eq!(location, format!("/api/users/{}", user["id"]));
    assert_eq!(members(&user), USER);
    assert_eq!([&user["username"], &user["name"]], ["alice", "Somebody"]);
    assert_eq!([&user["admin"], &user["disabled"]], [false, false]);
    assert_eq!(user["created_at"], user["updated_at"]);
    assert_eq!(app.anonymous().get(&location).await.ok()["username"], "alice");
    log_in(&app, "alice", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_username_is_lowercased_and_a_name_is_kept() {
    let app = TestApp::start().await;
    let mut new = new_user("Alice.B+X@Example.com");
    new["name"] = " Ålice  O'Brien ".into();
    let user = app.anonymous().post("/api/users", new).await.created();
    assert_eq!(user["username"], "alice.b+x@example.com");
    assert_eq!(user["name"], " Ålice  O'Brien ");
}

#[tokio::test]
async fn a_sign_up_sets_nothing_but_username_name_and_password() {
    let app = TestApp::start().await;
    let mut new = new_user("mallory");
    for (member, value) in [
        ("admin", json!(true)),
        ("disabled", json!(true)),
        ("id", json!(4242)),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("password_hash", json!("x")),
        ("note_count", json!("no number")),
    ] {
        new[member] = value;
    }
    let user = app.anonymous().post("/api/users", new).await.created();
    assert_eq!([&user["admin"], &user["disabled"]], [false, false]);
    assert_ne!(user["id"], 4242);
    assert_eq!(user["created_at"], user["updated_at"]);
    log_in(&app, "mallory", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_signed_in_user_signs_up_another() {
    let (_app, alice) = TestApp::with_user("alice").await;
    let bob = alice.post("/api/users", new_user("bob")).await.created();
    assert_eq!(bob["username"], "bob");
}

#[tokio::test]
async fn a_sign_up_with_a_bad_token_is_rejected() {
    let app = TestApp::start().await;
    let mut forger = app.anonymous();
    forger.token = Some("no.good.token".into());
    let answer = forger.post("/api/users", new_user("alice")).await;
    assert_eq!(answer.problem(401), "token invalid");
    app.anonymous().get("/api/users/alice").await.problem(404);
}

#[tokio::test]
async fn a_username_is_unique_in_any_case() {
    let (app, _) = TestApp::with_user("alice").await;
    for taken in ["alice", "ALICE", "aLice", "Admin"] {
        let answer = app.anonymous().post("/api/users", new_user(taken)).await;
        assert_eq!(answer.problem(409), "username must be unique", "{taken}");
    }
    assert_eq!(app.anonymous().get("/api/users").await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn of_many_concurrent_sign_ups_for_a_username_one_succeeds() {
    let app = TestApp::start().await;
    let mut sign_ups = JoinSet::new();
    for username in ["alice", "Alice", "ALICE", "alice", "alicE", "alice"] {
        let client = app.anonymous();
        sign_ups.spawn(async move { client.post("/api/users", new_user(username)).await });
    }
    let answers = sign_ups.join_all().await;
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn invalid_usernames_are_rejected() {
    let app = TestApp::start().await;
    let long = "a".repeat(65);
    let texts = [
        "",
        "ab",
        &long,
        "1abc",
        "123",
        "_abc",
        ".abc",
        "@abc",
        "a b",
        " alice",
        "alice\n",
        "älice",
        "\u{212a}arl",
        "ali/ce",
        "ali%ce",
        "ali:ce",
        "alice\0",
    ];
    for value in texts.into_iter().map(Value::from).chain(wrong_types()) {
        assert_eq!(pointers(&app, "username", value.clone()).await, ["/username"], "{value}");
    }
}

#[tokio::test]
async fn invalid_names_are_rejected() {
    let app = TestApp::start().await;
    let long = "ä".repeat(101);
    let texts = ["", " ", "\t\n", "\u{a0}\u{2003}", &long, "Ali\0ce"];
    for value in texts.into_iter().map(Value::from).chain(wrong_types()) {
        assert_eq!(pointers(&app, "name", value.clone()).await, ["/name"], "{value}");
    }
}

#[tokio::test]
async fn invalid_passwords_are_rejected() {
    let app = TestApp::start().await;
    let (short, long) = ("ö".repeat(7), "ö".repeat(257));
    let texts = [
        "",
        "xk-27-q",
        &short,
        &long,
        "walnut\0harbour",
        "password",
        "Password1",
        "12345678",
        "qwertyuiop",
        "ILOVEYOU",
        "football",
    ];
    for value in texts.into_iter().map(Value::from).chain(wrong_types()) {
        assert_eq!(pointers(&app, "password", value.clone()).await, ["/password"], "{value}");
    }
}

#[tokio::test]
async fn the_longest_and_the_shortest_values_are_allowed() {
    let app = TestApp::start().await;
    for (length, name, password) in
        [(3, "ä".to_owned(), "xö-27-qq".to_owned()), (64, "ä".repeat(100), "ö".repeat(256))]
    {
        let username = "a.b_c@d+e-9".chars().cycle().take(length).collect::<String>();
        let new = json!({ "username": username, "name": name, "password": password });
        let user = app.anonymous().post("/api/users", new).await.created();
        assert_eq!(user["username"], username);
        assert_eq!(user["name"], name);
        log_in(&app, &username, &password).await.ok();
    }
}

#[tokio::test]
async fn all_violations_of_a_sign_up_are_reported_at_once() {
    let app = TestApp::start().await;
    let everything = ["/username", "/name", "/password"];
    let wrong = json!({ "username": "a", "name": "  ", "password": null });
    for body in [json!({}), wrong] {
        let answer = app.anonymous().post("/api/users", body).await;
        let error = answer.clone().problem(422);
        for member in ["username", "name", "password"] {
            assert!(error.contains(member), "{error}");
        }
        assert_eq!(answer.pointers(), everything);
    }
    let two = json!({ "username": "alice", "password": "short" });
    let answer = app.anonymous().post("/api/users", two).await;
    assert_eq!(answer.pointers(), ["/name", "/password"]);
}

#[tokio::test]
async fn a_sign_up_that_is_not_an_object_is_a_violation_at_the_root() {
    let app = TestApp::start().await;
    for body in [json!(null), json!([]), json!([new_user("alice")]), json!("alice"), json!(7)] {
        let answer = app.anonymous().post("/api/users", body.clone()).await;
        assert_eq!(answer.pointers(), [""], "{body}");
    }
}

#[tokio::test]
async fn no_response_has_a_password_or_a_hash() {
    let app = TestApp::start().await;
    let signed_up = app.anonymous().post("/api/users", new_user("alice")).await;
    let logged_in = log_in(&app, "alice", PASSWORD).await;
    let admin = app.admin().await;
    let changed = admin.put("/api/users/alice", json!({ "password": PASSWORD })).await;
    let detail = admin.get("/api/users/alice?teams=true").await;
    let list = admin.get("/api/users?disabled=any").await;
    for answer in [signed_up, logged_in, changed, detail, list] {
        for secret in [PASSWORD, "password", "argon2"] {
            assert!(!answer.text.contains(secret), "{}", answer.text);
        }
    }
}
