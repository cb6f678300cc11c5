//! Lists end before they get larger than 1 MiB, on pages and nested in objects.

use serde_json::{Value, json};
use testkit::{Answer, Client, TestApp};

const MIB: usize = 1024 * 1024;

/// A note's worth of characters that JSON escapes.
fn escaped(number: usize) -> String {
    format!("{number}\n").chars().chain("\"\\\n".chars().cycle()).take(9_900).collect()
}

/// Writes large notes.
async fn write(author: &Client, count: usize) -> Vec<Value> {
    let mut notes = Vec::new();
    for number in 0..count {
        let note = json!({ "content": escaped(number) });
        notes.push(author.post("/api/notes", note).await.created());
    }
    notes
}

async fn mark(reader: &Client, notes: &[Value]) {
    for note in notes {
        reader.post("/api/readinglists", json!({ "note_id": note["id"] })).await.created();
    }
}

/// The responses with the pages of a list.
async fn answers(client: &Client, path: &str) -> Vec<Answer> {
    let mut answers = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = client.get(&path).await;
        next = answer.next();
        answers.push(answer);
    }
    answers
}

fn items(answer: &Answer) -> &[Value] {
    answer.body.as_array().unwrap()
}

/// Walks the pages, each of which must be as large as possible; returns the number of their items.
async fn full_pages(client: &Client, path: &str) -> Vec<usize> {
    let answers = answers(client, path).await;
    for pair in answers.windows(2) {
        let next = items(&pair[1])[0].to_string().len();
        assert!(pair[0].text.len() <= MIB, "{path}: {}", pair[0].text.len());
        assert!(pair[0].text.len() + ",".len() + next > MIB, "{path}: {}", pair[0].text.len());
    }
    answers.iter().map(|answer| items(answer).len()).collect()
}

#[tokio::test]
async fn a_page_ends_before_the_item_that_would_take_it_past_1_mib() {
    let (app, alice) = TestApp::with_user("alice").await;
    let notes = write(&alice, 110).await;
    mark(&alice, &notes).await;
    let marked_and_plain = ["/api/readinglists", "/api/users/alice/marked_notes", "/api/notes"];
    for path in marked_and_plain.into_iter().chain(["/api/users/alice/notes"]) {
        let path = format!("{path}?limit=200");
        assert_eq!(full_pages(&alice, &path).await, [52, 52, 6], "{path}");
        let all = alice.pages(&path).await.concat();
        let ids: Vec<&Value> = all.iter().map(|note| &note["id"]).collect();
        assert_eq!(ids, notes.iter().rev().map(|note| &note["id"]).collect::<Vec<_>>(), "{path}");
    }
    assert_eq!(full_pages(&app.anonymous(), "/api/notes?limit=60").await, [52, 52, 6]);

    // Earlier versions accepted control characters, of which JSON makes six.
    let control = if app.database.is_postgres() { "chr(1)" } else { "char(1)" };
    app.database
        .execute(&format!("UPDATE notes SET content = replace(content, '\"', {control})"))
        .await;
    assert_eq!(full_pages(&alice, "/api/notes?limit=200").await[..3], [31, 31, 31]);
}

#[tokio::test]
async fn a_page_of_users_ends_there_too_and_a_larger_user_has_it_alone() {
    let (app, small) = TestApp::with_user("small").await;
    write(&small, 20).await;
    for username in ["large", "larger"] {
        let writer = app.user(username).await;
        write(&writer, 60).await;
        for number in 0..100 {
            let name = format!("{username}{number:02}{}", "\u{1f600}".repeat(90));
            writer.post("/api/teams", json!({ "name": name })).await.created();
        }
    }
    write(&app.user("medium").await, 25).await;
    write(&app.user("other").await, 20).await;

    let answers = answers(&app.anonymous(), "/api/users?limit=200").await;
    let mut pages = Vec::new();
    for answer in &answers {
        let usernames = items(answer).iter().map(|user| user["username"].as_str().unwrap());
        pages.push(usernames.collect::<Vec<_>>());
        for user in items(answer) {
            let notes = user["notes"].to_string().len();
            assert!(notes <= MIB, "{notes}");
        }
        assert!(answer.text.len() <= MIB || items(answer).len() == 1, "{}", answer.text.len());
    }
    assert_eq!(
        pages,
        [vec!["admin", "small"], vec!["large"], vec!["larger"], vec!["medium", "other"]]
    );
    let large = &items(&answers[1])[0];
    assert!((MIB..MIB + 64 * 1024).contains(&answers[1].text.len()), "{}", answers[1].text.len());
    assert_eq!((&large["note_count"], large["notes"].as_array().unwrap().len()), (&json!(60), 52));
    assert_eq!(large["teams"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_nested_list_ends_there_too_and_its_count_does_not() {
    let (app, alice) = TestApp::with_user("alice").await;
    let notes = write(&alice, 60).await;
    mark(&alice, &notes).await;
    let detail = app.anonymous().get("/api/users/alice?teams=true").await.ok();
    for (list, count) in [("notes", "note_count"), ("marked_notes", "marked_count")] {
        let list = &detail[list];
        assert!(list.to_string().len() <= MIB);
        assert_eq!(list[0]["id"], notes[59]["id"]);
        assert_eq!((list.as_array().unwrap().len(), &detail[count]), (52, &json!(60)));
    }
}
