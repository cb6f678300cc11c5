//! Files of earlier versions, and of later ones.

use super::{Lab, rows, sealed};

/// A file as the first version of the format has it. It is never edited.
const VERSION_1: &[u8] = include_bytes!("version_1.ndjson");

#[test]
fn a_file_of_version_1_is_imported_whole() {
    let lab = Lab::start();
    let imported = lab.import(&lab.write(VERSION_1)).unwrap();
    let counts = imported.counts;
    assert_eq!(
        [counts.users, counts.teams, counts.memberships, counts.notes, counts.marks],
        [3, 2, 3, 2, 3]
    );
    let sql = "SELECT COUNT(*) FROM notes WHERE content_folded = 'two' AND NOT important";
    assert_eq!(lab.runtime.block_on(lab.database.number(sql)), 1);
    assert_eq!(lab.verify(&lab.export("again")).unwrap().counts, counts);
}

/// A file as the second version of the format has it. It is never edited.
const VERSION_2: &[u8] = include_bytes!("version_2.ndjson");

#[test]
fn notes_in_a_file_of_version_2_are_public() {
    let lab = Lab::start();
    let imported = lab.import(&lab.write(VERSION_2)).unwrap();
    assert_eq!((imported.counts.notes, imported.counts.shares), (2, 0));
    let public = "SELECT COUNT(*) FROM notes WHERE visibility = 'public'";
    assert_eq!(lab.runtime.block_on(lab.database.number(public)), 2);
    assert_eq!(lab.verify(&lab.export("again")).unwrap().counts, imported.counts);
}

#[test]
fn a_file_of_a_later_version_is_rejected_with_its_version() {
    let lab = Lab::start();
    let later = sealed(&rows()).replace("\"version\":3", "\"version\":99");
    let error = lab.verify(later.as_bytes()).unwrap_err();
    let told = format!("{error}: {}", std::error::Error::source(&error).unwrap());
    assert!(told.contains("version 99") && told.contains("versions up to"), "{told}");
}
