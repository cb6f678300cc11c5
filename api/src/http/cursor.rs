//! Cursors: where a list continues. Opaque to clients, and valid for the same list only: the same path,
//! filters and order.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// The version of the layout: changing it makes older cursors invalid instead of misread.
const VERSION: u8 = 2;

/// A list as requested, apart from the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListId(u64);

impl ListId {
    /// The list at this path, with these parameters in a fixed order.
    pub(crate) fn new(path: &str, parameters: &str) -> Self {
        let digest = Sha256::digest(format!("{path}?{parameters}"));
        Self(digest.iter().take(8).fold(0, |id, &byte| id << 8 | u64::from(byte)))
    }
}

/// Writes a cursor: the position of the last item on the page.
pub(crate) fn write<P: Serialize>(ListId(list): ListId, position: &P) -> String {
    let cursor = serde_json::to_vec(&(VERSION, list, position)).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(cursor)
}

/// Reads a cursor; `None` if it is not one of this list.
pub(crate) fn read<P: DeserializeOwned>(ListId(list): ListId, cursor: &str) -> Option<P> {
    let cursor = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (version, of, position) = serde_json::from_slice::<(u8, u64, P)>(&cursor).ok()?;
    (version == VERSION && of == list).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_for_its_own_list_only() {
        let list = ListId::new("/api/notes", "important=true");
        let cursor = write(list, &("b".to_owned(), 7));
        assert_eq!(read(list, &cursor), Some(("b".to_owned(), 7)));
        for other in [ListId::new("/api/notes", ""), ListId::new("/api/teams", "important=true")] {
            assert_eq!(read::<(String, i32)>(other, &cursor), None);
        }
        assert_eq!(read::<i64>(list, &cursor), None, "a position of another type");
    }
}
