//! Edits to the rows of a file, with the checksum updated.

use chrono::{DateTime, Utc};
use proptest::{
    arbitrary::any,
    collection::vec,
    prop_oneof,
    sample::{Index, select},
    strategy::{Just, Strategy},
};
use serde_json::{Map, Value, json};
use service::{BulkError, clock, transfer::TransferError};

use super::{Lab, rows, sealed, try_on};

/// An edit to the rows of a file.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, Index, Value),
    RemoveMember(Index, Index),
    AddMember(Index, String),
    RemoveRow(Index),
    RepeatRow(Index),
    SwapRows(Index, Index),
}

fn values() -> impl Strategy<Value = Value> {
    let integers = select(&[0, -1, 1, 2, 3, 5, 9, 1 << 53, i64::MAX, i64::MIN]);
    let texts = select(&[
        "",
        " ",
        "alice",
        "ALICE",
        "Operations",
        "12",
        "a\0b",
        "\u{ffff}",
        "owner",
        "member",
        "team",
        "private",
        "2024-02-29T23:59:59.123456789Z",
        "2016-12-31T23:59:60Z",
        "2024-02-29T23:59:59+14:00",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "-5000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "+262142-12-31T23:59:59.999999999Z",
        "-262143-01-01T00:00:00Z",
    ]);
    prop_oneof![
        4 => integers.prop_map(|number| json!(number)),
        6 => texts.prop_map(|text| json!(text)),
        1 => any::<String>().prop_map(|text| json!(text)),
        1 => Just(json!("x".repeat(200_000))),
        1 => any::<bool>().prop_map(|is| json!(is)),
        1 => select(vec![Value::Null, json!(1.5), json!(1e300), json!([]), json!({})]),
    ]
}

fn edits() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        8 => (at(), at(), values()).prop_map(|(row, member, to)| Edit::Set(row, member, to)),
        1 => (at(), at()).prop_map(|(row, member)| Edit::RemoveMember(row, member)),
        1 => (at(), "[a-z_]{1,9}").prop_map(|(row, name)| Edit::AddMember(row, name)),
        2 => at().prop_map(Edit::RemoveRow),
        2 => at().prop_map(Edit::RepeatRow),
        2 => (at(), at()).prop_map(|(one, other)| Edit::SwapRows(one, other)),
    ]
}

impl Edit {
    fn make(self, rows: &mut Vec<Value>) {
        let count = rows.len();
        match self {
            Self::Set(row, member, to) => with_members(&mut rows[row.index(count)], |members| {
                if let Some(value) = pick(members, member) {
                    *value = to;
                }
            }),
            Self::RemoveMember(row, member) => {
                with_members(&mut rows[row.index(count)], |members| {
                    let names: Vec<String> = members.keys().cloned().collect();
                    members.remove(member.get(&names));
                });
            }
            Self::AddMember(row, name) => with_members(&mut rows[row.index(count)], |members| {
                members.insert(name, json!(1));
            }),
            Self::RemoveRow(at) => drop(rows.remove(at.index(count))),
            Self::RepeatRow(at) => rows.insert(at.index(count), rows[at.index(count)].clone()),
            Self::SwapRows(one, other) => rows.swap(one.index(count), other.index(count)),
        }
    }
}

fn pick(members: &mut Map<String, Value>, member: Index) -> Option<&mut Value> {
    let at = member.index(members.len());
    members.values_mut().nth(at)
}

fn with_members(row: &mut Value, change: impl FnOnce(&mut Map<String, Value>)) {
    let kinds = row.as_object_mut().unwrap();
    change(kinds.values_mut().next().unwrap().as_object_mut().unwrap());
}

/// Whether a line is a row of a table.
fn is_row(line: &Value) -> bool {
    ["header", "last_ids", "end"].iter().all(|kind| line.get(kind).is_none())
}

/// The rows of a file, by kind and id, with times in a uniform format. Without roles, since a team without an
/// owner gets one, without visibility, since a note for teams that has none becomes private, and without versions,
/// which may be omitted.
fn held(file: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(file).unwrap().lines();
    let mut rows: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    rows.retain(is_row);
    for row in &mut rows {
        with_members(row, |members| {
            members.retain(|name, _| !["role", "visibility", "version"].contains(&name.as_str()));
            for (name, value) in members.iter_mut() {
                if name.ends_with("_at") || name == "date" {
                    let time: DateTime<Utc> = value.as_str().unwrap().parse().unwrap();
                    *value = json!(clock::in_microseconds(time));
                }
            }
        });
    }
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort_unstable();
    rows
}

/// Whether it is the file's fault.
fn is_rejection(error: &TransferError) -> bool {
    matches!(error, TransferError::File { .. } | TransferError::Rows(BulkError::Rejected(_)))
}

#[test]
fn an_imported_team_with_members_has_an_owner() {
    let lab = Lab::start();
    let mut rows = rows();
    for row in rows.iter_mut().filter(|row| row.get("membership").is_some()) {
        with_members(row, |members| drop(members.insert("role".into(), json!("member"))));
    }
    lab.import(&lab.write(sealed(&rows).as_bytes())).unwrap();
    let owners = "SELECT COUNT(*) FROM memberships WHERE role = 'owner' AND id IN (1, 9)";
    assert_eq!(lab.runtime.block_on(lab.database.number(owners)), 2);
    let others = "SELECT COUNT(*) FROM memberships WHERE role <> 'owner'";
    assert_eq!(lab.runtime.block_on(lab.database.number(others)), 1);
}

#[test]
fn an_imported_note_for_teams_that_has_none_is_private() {
    let lab = Lab::start();
    let without_shares = rows().into_iter().filter(|row| row.get("share").is_none());
    let rows: Vec<Value> = without_shares.collect();
    lab.import(&lab.write(sealed(&rows).as_bytes())).unwrap();
    let private = "SELECT COUNT(*) FROM notes WHERE visibility = 'private' AND id IN (3, 4)";
    assert_eq!(lab.runtime.block_on(lab.database.number(private)), 2);
    let counted = "SELECT COUNT(*) FROM note_counts WHERE notes = 1 AND user_id IN (2, 5)";
    assert_eq!(lab.runtime.block_on(lab.database.number(counted)), 2);
}

#[test]
fn only_hashes_that_a_login_verifies_are_imported() {
    let lab = Lab::start();
    let (salt, output) = ("c29tZXRoaW5ncmFuZG9t", "A".repeat(43));
    for (hash, is_imported) in [
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}${output}"), true),
        (format!("$argon2id$v=16$m=8,t=1,p=1${salt}${output}"), false),
        (format!("$argon2id$m=8,t=1,p=1${salt}${output}"), false),
        (format!("$argon2d$v=19$m=8,t=1,p=1${salt}${output}"), false),
        (format!("$argon2i$v=19$m=8,t=1,p=1${salt}${output}"), false),
        (format!("$argon2id$v=19$m=2097152,t=1,p=1${salt}${output}"), false),
        (format!("$argon2id$v=19$m=8,t=101,p=1${salt}${output}"), false),
        (format!("$argon2id$v=19$m=8192,t=1,p=17${salt}${output}"), false),
        (format!("$argon2id$v=19$m=8,t=1,p=1$c29t${output}"), false),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}$AAAAAAAAAAAAAAAA"), false),
        (format!("$argon2id$v=19$m=8,t=1,p=1${salt}"), false),
    ] {
        let mut rows = rows();
        with_members(&mut rows[1], |user| {
            user.insert("password_hash".into(), json!(hash));
        });
        assert_eq!(lab.verify(sealed(&rows).as_bytes()).is_ok(), is_imported, "{hash}");
    }
}

#[test]
fn an_edited_file_with_a_valid_checksum_is_imported_whole_or_not_at_all() {
    let lab = Lab::start();
    try_on(200, vec(edits(), 1..4), |edits| {
        let mut rows = rows();
        for edit in edits {
            if !rows.is_empty() {
                edit.make(&mut rows);
            }
        }
        let file = sealed(&rows);
        let verified = lab.verify(file.as_bytes());
        match lab.import(&lab.directory.path().join("file")) {
            Ok(imported) => {
                assert_eq!(imported, verified.unwrap());
                let exported = lab.export("again");
                let count = lab.count();
                lab.clear();
                assert_eq!(held(&exported), held(file.as_bytes()));
                let expected = rows.iter().filter(|row| is_row(row)).count();
                assert_eq!(usize::try_from(count), Ok(expected));
            }
            Err(error) => {
                assert!(is_rejection(&error), "{error:?}");
                assert_eq!(lab.count(), 0);
            }
        }
    });
}
