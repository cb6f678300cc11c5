//! Accidental damage to a file.

use proptest::{arbitrary::any, collection::vec, prop_oneof, sample::Index, strategy::Strategy};
use service::transfer::TransferError;

use super::{Lab, try_on};

/// An accident that can happen to a file.
#[derive(Clone, Debug)]
enum Accident {
    FlipBit(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    InsertLine(Index, String),
    RemoveLine(Index),
    RepeatLine(Index, Index),
    SwapLines(Index, Index),
}

fn accidents() -> impl Strategy<Value = Accident> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Accident::FlipBit(at, bit)),
        2 => at().prop_map(Accident::Cut),
        2 => (at(), vec(any::<u8>(), 1..20)).prop_map(|(at, bytes)| Accident::Insert(at, bytes)),
        2 => (at(), 1..200_usize).prop_map(|(at, length)| Accident::Remove(at, length)),
        1 => (at(), "[ -~]{0,20}").prop_map(|(at, line)| Accident::InsertLine(at, line)),
        1 => at().prop_map(Accident::RemoveLine),
        1 => (at(), at()).prop_map(|(from, to)| Accident::RepeatLine(from, to)),
        1 => (at(), at()).prop_map(|(one, other)| Accident::SwapLines(one, other)),
    ]
}

impl Accident {
    fn happen_to(self, file: &mut Vec<u8>) {
        match self {
            Self::FlipBit(at, bit) => {
                let at = at.index(file.len());
                file[at] ^= 1 << bit;
            }
            Self::Cut(at) => file.truncate(at.index(file.len())),
            Self::Insert(at, bytes) => {
                let at = at.index(file.len() + 1);
                file.splice(at..at, bytes);
            }
            Self::Remove(at, length) => {
                let at = at.index(file.len());
                file.drain(at..file.len().min(at + length));
            }
            accident => {
                let mut lines: Vec<Vec<u8>> =
                    file.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
                accident.happen_to_lines(&mut lines);
                *file = lines.concat();
            }
        }
    }

    fn happen_to_lines(self, lines: &mut Vec<Vec<u8>>) {
        let count = lines.len();
        match self {
            Self::InsertLine(at, line) => {
                lines.insert(at.index(count + 1), (line + "\n").into_bytes());
            }
            Self::RemoveLine(at) => drop(lines.remove(at.index(count))),
            Self::RepeatLine(from, to) => {
                let line = lines[from.index(count)].clone();
                lines.insert(to.index(count + 1), line);
            }
            Self::SwapLines(one, other) => lines.swap(one.index(count), other.index(count)),
            _ => {}
        }
    }
}

/// The file after one to three accidents.
fn spoiled(sample: &[u8], accidents: Vec<Accident>) -> Vec<u8> {
    let mut file = sample.to_vec();
    for accident in accidents {
        if !file.is_empty() {
            accident.happen_to(&mut file);
        }
    }
    file
}

#[test]
fn a_changed_file_is_rejected() {
    let lab = Lab::start();
    let sample = lab.sample("plain");
    assert_eq!(lab.verify(&sample).unwrap().counts.total(), 17);
    try_on(1_000, vec(accidents(), 1..4), |accidents| {
        let file = spoiled(&sample, accidents);
        if file != sample {
            let verified = lab.verify(&file);
            assert!(matches!(verified, Err(TransferError::File { .. })), "{verified:?}");
        }
    });
}

#[test]
fn a_changed_compressed_file_is_rejected_or_has_the_same_contents() {
    let lab = Lab::start();
    let sample = lab.sample("packed.zst");
    let held = lab.verify(&sample).unwrap();
    try_on(1_000, vec(accidents(), 1..4), |accidents| {
        match lab.verify(&spoiled(&sample, accidents)) {
            Ok(verified) => assert_eq!(verified, held),
            Err(error) => assert!(matches!(error, TransferError::File { .. }), "{error:?}"),
        }
    });
}
