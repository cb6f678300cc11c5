use sea_orm::sea_query::LikeExpr;

use crate::text::{compose, fold};

/// A caller's pattern for names, ignoring case: `%` is any text, `_` any character, `\` escapes the next
/// character. A lone `\` at the end stands for itself.
///
/// Names are compared in their case-folded form, in which a character may have become several: the ß of
/// `Großmann` is `ss`. There, LIKE finds a little too much or too little, and [`NamePattern::matches`] decides.
#[derive(Clone, Debug)]
pub struct NamePattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    AnyText,
    AnyCharacter,
    Is(char),
}

impl NamePattern {
    /// Reads a pattern; every text is one.
    pub fn parse(pattern: &str) -> Self {
        let folded = fold(pattern);
        let mut characters = folded.chars();
        let mut tokens = Vec::new();
        while let Some(c) = characters.next() {
            tokens.push(match c {
                '%' => Token::AnyText,
                '_' => Token::AnyCharacter,
                '\\' => Token::Is(characters.next().unwrap_or('\\')),
                c => Token::Is(c),
            });
        }
        Self(tokens)
    }

    /// Whether it matches the name.
    pub fn matches(&self, name: &str) -> bool {
        let folded: Vec<char> = fold(name).chars().collect();
        let ends = ends_of_characters(name, &folded);
        let mut places = vec![0];
        for token in &self.0 {
            places = match token {
                Token::AnyText => {
                    places.first().map_or_else(Vec::new, |&first| (first..=folded.len()).collect())
                }
                Token::AnyCharacter => {
                    let next = |place| match ends.binary_search(&place) {
                        Ok(at) => ends.get(at + 1).copied(),
                        Err(_) => None,
                    };
                    places.into_iter().filter_map(next).collect()
                }
                Token::Is(c) => {
                    let is_next = |place: &usize| folded.get(*place) == Some(c);
                    places.into_iter().filter(is_next).map(|place| place + 1).collect()
                }
            };
        }
        places.last() == Some(&folded.len())
    }

    /// The pattern for names whose characters are all folded to one each.
    pub(crate) fn like(&self) -> LikeExpr {
        self.to_like("_")
    }

    /// A pattern for all other names that match; it matches more than those.
    pub(crate) fn like_any_length(&self) -> LikeExpr {
        self.to_like("_%")
    }

    /// The texts between its wildcards, which the folded form of every name that matches contains.
    pub(crate) fn texts(&self) -> impl Iterator<Item = String> {
        let texts = self.0.split(|token| !matches!(token, Token::Is(_)));
        texts.map(|text| {
            let character = |token: &Token| match token {
                Token::Is(c) => Some(*c),
                Token::AnyText | Token::AnyCharacter => None,
            };
            text.iter().filter_map(character).collect()
        })
    }

    /// Whether the database finds exactly the names that match: the length of folded characters does not matter.
    pub fn is_decided_by_the_database(&self) -> bool {
        !self.0.contains(&Token::AnyCharacter)
    }

    fn to_like(&self, any_character: &str) -> LikeExpr {
        let mut like = String::new();
        for token in &self.0 {
            match token {
                Token::AnyText => like.push('%'),
                Token::AnyCharacter => like.push_str(any_character),
                Token::Is(c @ ('%' | '_' | '\\')) => like.extend(['\\', *c]),
                Token::Is(c) => like.push(*c),
            }
        }
        LikeExpr::new(like).escape('\\')
    }
}

/// Where in the folded name its characters end, starting with 0.
fn ends_of_characters(name: &str, folded: &[char]) -> Vec<usize> {
    let composed = compose(name);
    let each: Vec<Vec<char>> =
        composed.chars().map(|c| fold(c.encode_utf8(&mut [0; 4])).chars().collect()).collect();
    if each.concat() != folded {
        return ends_of_prefixes(&composed);
    }
    let add = |end: &mut usize, character: &Vec<char>| {
        *end += character.len();
        Some(*end)
    };
    [0].into_iter().chain(each.iter().scan(0, add)).collect()
}

/// The same for names in which folding composes characters with those before them; takes longer.
fn ends_of_prefixes(composed: &str) -> Vec<usize> {
    let starts = composed.char_indices().map(|(at, _)| at).chain([composed.len()]);
    let prefixes = starts.filter_map(|end| composed.get(..end));
    prefixes.map(|prefix| fold(prefix).chars().count()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_what_is_between_wildcards() {
        let texts = |pattern| NamePattern::parse(pattern).texts().collect::<Vec<_>>();
        assert_eq!(texts(r"%JaMi_\%\_ß%"), ["", "jami", "%_ss", ""]);
        assert_eq!(texts("%"), ["", ""]);
    }

    #[test]
    fn characters_end_where_their_prefixes_do() {
        for name in ["", "Ann", "Großmann", "oﬃce", "İzmir", "a\u{308}ß", "ﬁ\u{301}x", "ŉ\u{345}ΐ"]
        {
            let folded: Vec<char> = fold(name).chars().collect();
            let expected = ends_of_prefixes(&compose(name));
            assert_eq!(ends_of_characters(name, &folded), expected, "{name}");
        }
    }

    #[test]
    fn any_character_is_one_of_the_name_and_not_of_its_folded_form() {
        for (name, pattern, expected) in [
            ("Großmann", "gro_mann", true),
            ("Großmann", "gro__mann", false),
            ("Großmann", "GROSSMANN", true),
            ("Großmann", "%o_m%", true),
            ("Grossmann", "gro_mann", false),
            ("Grossmann", "gro__mann", true),
            ("ŉ", "_", true),
            ("ŉ", "__", false),
            ("oﬃce", "o_ce", true),
            ("İzmir", "_zmir", true),
            ("a\u{308}", "_", true),
            ("a_b", r"a\_b", true),
            ("axb", r"a\_b", false),
            ("a\\", "a\\", true),
            ("", "%", true),
            ("ab", "_", false),
        ] {
            assert_eq!(NamePattern::parse(pattern).matches(name), expected, "{name} {pattern}");
        }
    }
}
