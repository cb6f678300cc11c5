use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use proptest::{
    arbitrary::any,
    collection::vec,
    prop_oneof,
    sample::select,
    strategy::{Just, Strategy},
};
use serde_json::{Value, json};
use testkit::{Client, TestApp, TestDatabase};

use super::{Lab, encoded};
use crate::world::World;

/// Text with several cases or normal forms, and text that databases may misinterpret.
const CHARACTERS: [&str; 53] = [
    "a",
    "b",
    "A",
    "B",
    "k",
    "K",
    "i",
    "I",
    "s",
    "S",
    " ",
    ".",
    "*",
    "?",
    "[",
    "]",
    "^",
    "'",
    "\"",
    "ä",
    "Ä",
    "a\u{308}",
    "A\u{308}",
    "\u{308}",
    "å",
    "\u{212b}",
    "\u{212a}",
    "ß",
    "ẞ",
    "ſ",
    "ss",
    "İ",
    "ı",
    "Σ",
    "σ",
    "ς",
    "ﬃ",
    "ΐ",
    "ᾂ",
    "\u{345}",
    "\u{1d160}",
    "Ꭰ",
    "ꭰ",
    "日",
    "本",
    "🦀",
    "\u{200d}",
    "\u{2028}",
    "\u{a0}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
];

fn characters() -> impl Strategy<Value = String> {
    let other = any::<char>()
        .prop_filter("is a control character", |c| !c.is_control())
        .prop_map(String::from);
    let [special, tricky] = [&["%", "_", "\\"][..], &CHARACTERS]
        .map(|characters| select(characters).prop_map(str::to_owned));
    prop_oneof![3 => special, 6 => tricky, 1 => other]
}

fn texts() -> impl Strategy<Value = String> {
    let text = vec(characters(), 1..12).prop_map(|characters| characters.concat());
    text.prop_filter("is blank", |text| !text.chars().all(is_blank))
}

fn is_blank(c: char) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    c.is_whitespace() || c == '\u{2800}' || ignorable.contains(c)
}

/// What a character of a text becomes in a pattern made from it.
#[derive(Clone, Debug)]
enum Turn {
    Kept,
    InUpperCase,
    InLowerCase,
    Escaped,
    AnyOne,
    AnyText,
    Dropped,
    Followed(String),
}

/// Patterns that match the text, or almost do.
fn patterns_for(text: &str) -> impl Strategy<Value = String> + use<> {
    let turn = prop_oneof![
        6 => Just(Turn::Kept),
        2 => Just(Turn::InUpperCase),
        2 => Just(Turn::InLowerCase),
        2 => Just(Turn::Escaped),
        2 => Just(Turn::AnyOne),
        2 => Just(Turn::AnyText),
        1 => Just(Turn::Dropped),
        1 => characters().prop_map(Turn::Followed),
    ];
    let characters: Vec<char> = text.chars().collect();
    vec(turn, characters.len()).prop_map(move |turns| {
        let turned = characters.iter().zip(turns).map(|(c, turn)| match turn {
            Turn::Kept => c.to_string(),
            Turn::InUpperCase => c.to_uppercase().to_string(),
            Turn::InLowerCase => c.to_lowercase().to_string(),
            Turn::Escaped => format!("\\{c}"),
            Turn::AnyOne => "_".into(),
            Turn::AnyText => "%".into(),
            Turn::Dropped => String::new(),
            Turn::Followed(other) => format!("{c}{other}"),
        });
        turned.collect()
    })
}

/// A text, and what to look for in it.
fn searches() -> impl Strategy<Value = (String, String)> {
    texts().prop_flat_map(|text| {
        let pattern = prop_oneof![
            6 => patterns_for(&text).boxed(),
            2 => vec(characters(), 0..8).prop_map(|characters| characters.concat()).boxed(),
        ];
        (Just(text), pattern)
    })
}

enum Token {
    AnyText,
    AnyOne,
    Is(char),
}

/// What text is compared by: without case, and composed.
fn fold(text: &str) -> String {
    let nfc = ComposingNormalizer::new_nfc();
    let folded = CaseMapper::new().fold_string(&nfc.normalize(text)).into_owned();
    nfc.normalize(&folded).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn tokens(pattern: &str) -> Vec<Token> {
    let folded = fold(pattern);
    let mut characters = folded.chars();
    let mut tokens = Vec::new();
    while let Some(c) = characters.next() {
        tokens.push(match c {
            '%' => Token::AnyText,
            '_' => Token::AnyOne,
            '\\' => Token::Is(characters.next().unwrap_or('\\')),
            c => Token::Is(c),
        });
    }
    tokens
}

/// Where in the folded text its characters end.
fn ends(text: &str) -> Vec<usize> {
    let composed: Vec<char> = ComposingNormalizer::new_nfc().normalize(text).chars().collect();
    let folded = |length: usize| fold(&composed[..length].iter().collect::<String>());
    (0..=composed.len()).map(|length| folded(length).chars().count()).collect()
}

/// The meaning of `name=`. In a name that is as long as its folded form, a character is one of that too.
fn fits(text: &str, pattern: &str) -> bool {
    let length = fold(text).chars().count();
    let is_as_long = text.chars().count() == length;
    reaches_the_end(text, pattern, &ends(text))
        && (!is_as_long || reaches_the_end(text, pattern, &(0..=length).collect::<Vec<_>>()))
}

/// At each step, the positions in the folded text that the pattern so far can reach.
fn reaches_the_end(text: &str, pattern: &str, ends: &[usize]) -> bool {
    let text: Vec<char> = fold(text).chars().collect();
    let mut places = vec![0];
    for token in tokens(pattern) {
        places = match token {
            Token::AnyText => {
                let first = places.iter().min().copied();
                first.map_or_else(Vec::new, |first| (first..=text.len()).collect())
            }
            Token::AnyOne => {
                let pairs = ends.windows(2).filter(|pair| places.contains(&pair[0]));
                pairs.map(|pair| pair[1]).collect()
            }
            Token::Is(c) => {
                places.iter().filter(|&&at| text.get(at) == Some(&c)).map(|at| at + 1).collect()
            }
        };
    }
    places.contains(&text.len())
}

#[test]
fn the_reference_knows_what_a_pattern_is() {
    for (text, pattern) in [
        ("Jami", "%AM%"),
        ("a%b", r"a\%b"),
        ("ab", "a_"),
        ("a\\", "a\\"),
        ("", "%"),
        ("Großmann", "gro_mann"),
    ] {
        assert!(fits(text, pattern), "{text} {pattern}");
    }
    for (text, pattern) in
        [("Jami", "am"), ("axb", r"a\%b"), ("ab", "_"), ("ab", r"a\_"), ("a", "")]
    {
        assert!(!fits(text, pattern), "{text} {pattern}");
    }
}

/// Whether the list has the item with this id.
async fn has(client: &Client, path: &str, pattern: &str, id: i64) -> bool {
    let list = client.get(&format!("{path}{}", encoded(pattern))).await.ok();
    list.as_array().unwrap().iter().any(|item| item["id"] == id)
}

#[test]
fn searches_find_what_the_reference_finds() {
    find_what_the_reference_finds(&Lab::start());
}

/// SQLite uses its indexes whenever few rows have the trigrams.
#[test]
fn searches_that_use_postgres_indexes_find_what_the_reference_finds() {
    find_what_the_reference_finds(&Lab::of(async {
        let database = TestDatabase::migrated().await;
        if database.is_postgres() {
            database.set("enable_seqscan", "off").await;
            database.set("enable_indexscan", "off").await;
        }
        World::of(TestApp::start_on(database, |_| {}).await).await
    }));
}

fn find_what_the_reference_finds(lab: &Lab) {
    lab.try_on(100, searches(), async |world, (text, pattern)| {
        let named: Value = json!({ "name": text });
        world.caller("author").put("/api/users/author", named.clone()).await.ok();
        world.caller("owner").put("/api/teams/1", named).await.ok();
        world.caller("author").put("/api/notes/1", json!({ "content": text })).await.ok();

        let anyone = world.caller("anonymous");
        let expected = fits(&text, &pattern);
        assert_eq!(has(anyone, "/api/users?name=", &pattern, 2).await, expected, "users");
        assert_eq!(has(anyone, "/api/teams?name=", &pattern, 1).await, expected, "teams");
        let is_part = fold(&text).contains(&fold(&pattern));
        assert_eq!(has(anyone, "/api/notes?search=", &pattern, 1).await, is_part, "notes");
    });
}
