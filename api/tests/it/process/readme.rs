//! The README's first session, pasted into a shell.

use std::process::Command;

use serde_json::Value;
use testkit::TestDatabase;

use super::{SECRET, Served, text};

const README: &str = include_str!("../../../../README.md");

/// The README's fenced blocks of this kind.
fn blocks(kind: &str) -> Vec<&'static str> {
    let fenced = README.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).collect()
}

/// Times differ from run to run.
fn without_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_times),
        Value::Object(members) => {
            for (name, member) in members {
                if name == "date" || name.ends_with("_at") {
                    *member = Value::Null;
                }
                without_times(member);
            }
        }
        _ => {}
    }
}

fn values(json: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(json).into_iter();
    let mut values: Vec<Value> = values.collect::<Result<_, _>>().unwrap();
    values.iter_mut().for_each(without_times);
    values
}

#[tokio::test]
async fn the_first_session_runs_as_pasted_and_gets_the_responses_shown() {
    let database = TestDatabase::empty().await;
    let settings = [
        ("DATABASE_URL", database.url()),
        ("SECRET", SECRET),
        ("ADMIN_USERNAME", "admin"),
        ("ADMIN_PASSWORD", "walnut-harbour-42"),
    ];
    let directory = tempfile::tempdir().unwrap();
    let served = Served::start(directory.path(), &settings);

    let session = blocks("sh session").join("\n").replace("127.0.0.1:3001", &served.address);
    let output = Command::new("sh").args(["-euc", &session]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = text(&output.stdout);
    let (headers, responses): (Vec<&str>, Vec<&str>) =
        output.lines().partition(|line| line.starts_with("link:") || line.starts_with("etag:"));

    let responses = values(&responses.concat());
    for shown in blocks("json").into_iter().flat_map(values) {
        assert!(responses.contains(&shown), "{shown} is not among {responses:#?}");
    }
    let failures = responses.iter().filter(|response| response["status"].is_number());
    assert_eq!(failures.count(), 1, "only the invalid note is rejected: {responses:#?}");
    let shown: Vec<&str> = blocks("text").into_iter().flat_map(str::lines).collect();
    for (header, end) in headers.iter().zip(["cursor=", "-"]) {
        let start = |line: &&str| header.starts_with(line.split_once(end).unwrap_or((line, "")).0);
        assert!(shown.iter().any(start), "{header} is not among {shown:?}");
    }
    assert_eq!(headers.len(), 2, "{headers:?}");
}
