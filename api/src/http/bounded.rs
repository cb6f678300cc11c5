//! Serialized lists, which end before they exceed a size.

use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};
use serde_json::value::{RawValue, to_raw_value};
use service::PAGE_BYTES;

/// The items, as JSON, that fit into an array of at most [`PAGE_BYTES`]. The first always fits.
pub(crate) fn fitting<T: Serialize>(
    items: impl Iterator<Item = T>,
) -> impl Iterator<Item = serde_json::Result<Box<RawValue>>> {
    let mut bytes = "]".len();
    items.enumerate().map_while(move |(index, item)| {
        let json = to_raw_value(&item);
        bytes += json.as_ref().map_or(0, |json| ",".len() + json.get().len());
        (index == 0 || bytes <= PAGE_BYTES).then_some(json)
    })
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
        for item in fitting(self.0.iter()) {
            list.serialize_element(&item.map_err(S::Error::custom)?)?;
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
        }
    }
}
