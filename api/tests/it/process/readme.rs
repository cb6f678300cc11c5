//! The README's first session, pasted into a shell.

use std::process::Command;

use serde_json::Value;
use testkit::TestDatabase;

use super::{SECRET, Served, text};

const README: &str = include_str!("../../../../README.md");

/// What separates the outputs of commands: nothing prints it.
const SEPARATOR: &str = "\u{1e}";

/// The commands of a block, and the blocks that show what they print, each with its kind.
struct Step {
    commands: &'static str,
    shown: Vec<(&'static str, &'static str)>,
}

impl Step {
    /// Whether its commands print what is shown, and fail only as shown.
    fn check(&self, printed: &str) {
        let Self { commands, shown } = self;
        if let [("text", shown)] = shown[..] {
            let known = |text: &str| text.lines().map(|line| known_part(line).to_owned()).collect();
            let (printed, shown): (Vec<String>, Vec<String>) = (known(printed), known(shown));
            assert_eq!(printed, shown, "{commands}");
            return;
        }
        let printed = values(printed);
        let shown: Vec<Value> = shown.iter().flat_map(|(_, shown)| values(shown)).collect();
        assert!(printed.ends_with(&shown), "{commands}: {shown:#?} does not end {printed:#?}");
        for response in &printed {
            let is_failure = response["status"].is_number();
            assert!(!is_failure || shown.contains(response), "{commands}: {response}");
        }
    }
}

fn steps() -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for block in README.split("\n```").skip(1).step_by(2) {
        let (kind, body) = block.split_once('\n').unwrap();
        match (kind, steps.last_mut()) {
            ("sh session", _) => steps.push(Step { commands: body, shown: Vec::new() }),
            ("json" | "text", Some(step)) => step.shown.push((kind, body)),
            _ => {}
        }
    }
    steps
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

/// A line up to the part of a cursor or a tag that nobody can know.
fn known_part(line: &str) -> &str {
    let opaque = ["cursor=", "etag: \"2-"].into_iter().find_map(|start| {
        let at = line.find(start)?;
        Some(at + start.len())
    });
    opaque.map_or(line, |end| &line[..end])
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

    let steps = steps();
    let separate = format!("\nprintf '{SEPARATOR}'\n");
    let session: Vec<&str> = steps.iter().map(|step| step.commands).collect();
    let session = session.join(&separate).replace("127.0.0.1:3001", &served.address);
    let output = Command::new("sh").args(["-euc", &session]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = text(&output.stdout);
    let printed: Vec<&str> = output.split(SEPARATOR).collect();
    assert_eq!(printed.len(), steps.len());

    for (step, printed) in steps.iter().zip(printed) {
        step.check(printed);
    }
    let shown = steps.iter().map(|step| step.shown.len()).sum::<usize>();
    assert!(shown > 5, "only {shown} are shown");
}
