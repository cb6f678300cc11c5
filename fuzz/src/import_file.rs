use std::fs;

use bolero::check;
use service::{
    PasswordCost,
    transfer::{self, TransferError},
};

/// The header, so that random bytes reach the code after it.
const HEADER: &[u8] = b"{\"header\":{\"format\":\"teamnotes export\",\"version\":2}}\n";

#[test]
fn any_import_file_is_accepted_or_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    check!().with_iterations(500).for_each(|bytes: &[u8]| {
        for start in [b"", HEADER] {
            fs::write(&file, [start, bytes].concat()).unwrap();
            if let Err(error) = transfer::verify(&file, PasswordCost::MAX) {
                assert!(matches!(error, TransferError::File { .. }), "{error:?}");
            }
        }
    });
}
