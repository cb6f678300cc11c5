//! Serialized lists, which end before they exceed a size.

use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};
use serde_json::value::to_raw_value;
use service::PAGE_BYTES;

/// What most lists take at most, in bytes.
const USUAL_BYTES: usize = 16 * 1024;

/// A JSON array of the items that fit into [`PAGE_BYTES`], and how many they are. The first always fits.
///
/// # Errors
/// If an item can't be written as JSON.
pub(crate) fn array<T: Serialize>(
    items: impl Iterator<Item = T>,
) -> serde_json::Result<(Vec<u8>, usize)> {
    let (mut json, mut count) = (Vec::with_capacity(USUAL_BYTES), 0);
    for item in items {
        let length = json.len();
        json.push(if count == 0 { b'[' } else { b',' });
        serde_json::to_writer(&mut json, &item)?;
        if count > 0 && json.len() + "]".len() > PAGE_BYTES {
            json.truncate(length);
            break;
        }
        count += 1;
    }
    if count == 0 {
        json.push(b'[');
    }
    json.push(b']');
    Ok((json, count))
}

/// A list nested in an object, as far as it fits.
#[derive(Debug)]
pub(crate) struct Bounded<T>(Vec<T>);

impl<T> FromIterator<T> for Bounded<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Bounded<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut bytes = "]".len();
        for (index, item) in self.0.iter().enumerate() {
            let json = to_raw_value(item).map_err(S::Error::custom)?;
            bytes += ",".len() + json.get().len();
            if index > 0 && bytes > PAGE_BYTES {
                break;
            }
            list.serialize_element(&json)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths<const N: usize>(lengths: [usize; N]) -> Bounded<String> {
        lengths.map(|length| "\n".repeat((length - 2) / 2)).into_iter().collect()
    }

    #[test]
    fn a_list_has_at_most_1_mib_as_sent_unless_its_first_item_is_larger() {
        let room = PAGE_BYTES - "[,]".len() - 100;
        for (list, bytes) in [
            (lengths([]), 2),
            (lengths([100]), 102),
            (lengths([room - 1, 100]), PAGE_BYTES - 1),
            (lengths([room - 1, 102]), room + 1),
            (lengths([room - 1, 102, 2]), room + 1),
            (lengths([2 * PAGE_BYTES]), 2 * PAGE_BYTES + 2),
            (lengths([2 * PAGE_BYTES, 2]), 2 * PAGE_BYTES + 2),
        ] {
            assert_eq!(serde_json::to_string(&list).unwrap().len(), bytes);
            assert_eq!(array(list.0.iter()).unwrap().0, serde_json::to_vec(&list).unwrap());
        }
    }
}
