use proptest::{
    arbitrary::any,
    collection::vec,
    prop_oneof,
    sample::{Index, select},
    strategy::{Just, Strategy},
};

use super::Lab;
use crate::{raw, world::World};

/// The responses to these `Authorization` headers, with and without need of a session.
async fn statuses(world: &World, authorizations: &[Vec<u8>]) -> [u16; 2] {
    let mut statuses = [0; 2];
    for (status, path) in statuses.iter_mut().zip(["/api/sessions/current", "/api/notes"]) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
        let mut request = head.into_bytes();
        for value in authorizations {
            request.extend([b"Authorization: ", &value[..], b"\r\n"].concat());
        }
        request.extend(b"\r\n");
        *status = raw::exchange(&world.app, &request).await.statuses()[0];
    }
    statuses
}

/// Header values, including some that are not valid in HTTP.
fn authorizations() -> impl Strategy<Value = Vec<u8>> {
    let scheme = select(&["", "Bearer", "bearer ", "Bearer ", "Bearer\t", "Basic ", "Bearer eyJ"]);
    let byte = prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8, 0..=0x1f_u8];
    let byte = byte.prop_filter("is the line's end", |byte| !b"\r\n".contains(byte));
    (scheme, vec(byte, 0..80)).prop_map(|(scheme, rest)| [scheme.as_bytes(), &rest].concat())
}

fn is_http(value: &[u8]) -> bool {
    value.iter().all(|&byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f))
}

fn has_another_scheme(value: &[u8]) -> bool {
    let scheme = value.trim_ascii().split(|&byte| byte == b' ').next().unwrap();
    let is_name = scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    !scheme.is_empty() && is_name && !scheme.eq_ignore_ascii_case(b"bearer")
}

#[test]
fn no_made_up_authorization_is_a_session() {
    Lab::start().try_on(300, vec(authorizations(), 0..3), async |world, values| {
        let expected = match &values[..] {
            values if !values.iter().all(|value| is_http(value)) => [400, 400],
            [] => [401, 200],
            [value] if has_another_scheme(value) => [401, 200],
            _ => [401, 401],
        };
        assert_eq!(statuses(world, &values).await, expected);
    });
}

/// A change somewhere in a token.
#[derive(Clone, Debug)]
enum Change {
    Set(Index, u8),
    Insert(Index, u8),
    Remove(Index),
    Flip(Index, u8),
    Swap(Index, Index),
    Cut(Index),
    Repeat(Index),
}

impl Change {
    fn make(self, token: &mut Vec<u8>) {
        let length = token.len();
        match self {
            Self::Set(at, byte) => token[at.index(length)] = byte,
            Self::Insert(at, byte) => token.insert(at.index(length + 1), byte),
            Self::Remove(at) => drop(token.remove(at.index(length))),
            Self::Flip(at, bit) => token[at.index(length)] ^= bit,
            Self::Swap(one, other) => token.swap(one.index(length), other.index(length)),
            Self::Cut(at) => token.truncate(at.index(length)),
            Self::Repeat(at) => token.extend_from_within(at.index(length)..),
        }
    }
}

fn changes() -> impl Strategy<Value = Change> {
    let byte = || prop_oneof![0x21..=0x7e_u8, Just(b'.'), Just(b'='), 0x80..=0xff_u8];
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        any::<Index>().prop_map(Change::Remove),
        (any::<Index>(), select(&[1, 2, 4, 8, 0x20])).prop_map(|(at, bit)| Change::Flip(at, bit)),
        any::<[Index; 2]>().prop_map(|[one, other]| Change::Swap(one, other)),
        any::<Index>().prop_map(Change::Cut),
        any::<Index>().prop_map(Change::Repeat),
    ]
}

#[test]
fn a_token_changed_anywhere_is_rejected() {
    let inputs = (select(&["author", "script"][..]), vec(changes(), 1..4));
    Lab::start().try_on(300, inputs, async |world, (caller, changes)| {
        let token = world.caller(caller).token.as_deref().unwrap().as_bytes();
        let mut changed = token.to_vec();
        for change in changes {
            if !changed.is_empty() {
                change.make(&mut changed);
            }
        }
        if changed == token {
            return;
        }
        let expected = if is_http(&changed) { [401, 401] } else { [400, 400] };
        let authorization = [b"Bearer ", &changed[..]].concat();
        assert_eq!(statuses(world, &[authorization]).await, expected);
    });
}
