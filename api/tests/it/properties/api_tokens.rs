use proptest::{collection::vec, sample::select, strategy::Strategy};
use serde_json::json;

use super::Lab;
use crate::{api_tokens::ALL_SCOPES, world::World};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// CRC-32 (IEEE), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let shift = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    let add = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| shift(sum));
    !bytes.iter().fold(!0, add)
}

/// The checksum in a token with these digits.
fn checksum(digits: &[u8]) -> String {
    let mut number = crc32(digits) as usize;
    let mut checksum = [b'0'; 6];
    for digit in checksum.iter_mut().rev() {
        *digit = DIGITS[number % 62];
        number /= 62;
    }
    String::from_utf8(checksum.to_vec()).unwrap()
}

fn digits() -> impl Strategy<Value = String> {
    vec(select(&DIGITS[..]), 43).prop_map(|digits| String::from_utf8(digits).unwrap())
}

/// The error that a token gets, and how many statements it takes.
async fn refused(world: &World, token: &str) -> (String, usize) {
    let client = world.app.anonymous().with_token(token);
    world.app.statements();
    let error = client.get("/api/notes").await.problem(401);
    (error, world.app.statements().len())
}

#[test]
fn a_made_up_token_is_looked_up_only_if_its_checksum_is_right() {
    let inputs = (digits(), 0..49_usize, select(&DIGITS[..]));
    Lab::start().try_on(100, inputs, async |world, (digits, at, other)| {
        let token = format!("{digits}{}", checksum(digits.as_bytes()));
        let invalid = "token invalid".to_owned();
        assert_eq!(refused(world, &format!("tn_{token}")).await, (invalid.clone(), 1));
        let mut changed = token.clone().into_bytes();
        changed[at] = other;
        let changed = String::from_utf8(changed).unwrap();
        if changed != token {
            assert_eq!(refused(world, &format!("tn_{changed}")).await, (invalid, 0));
        }
    });
}

#[test]
fn every_token_that_is_issued_has_the_form_and_the_checksum() {
    let scopes = vec(select(&ALL_SCOPES[..]), 1..9);
    Lab::start().try_on(50, scopes, async |world, scopes| {
        let author = world.caller("author");
        let new = json!({ "name": "Backup", "scopes": scopes });
        let issued = author.post("/api/tokens", new).await.created();
        let token = issued["token"].as_str().unwrap();
        let (digits, sum) = token.strip_prefix("tn_").unwrap().split_at(43);
        assert_eq!(checksum(digits.as_bytes()), sum, "{token}");
        let path = format!("/api/tokens/{}", issued["id"]);
        author.delete(&path).await.no_content();
    });
}
