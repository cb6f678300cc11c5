//! Case-insensitive comparison that works the same on every database: text is folded here, stored in a
//! search column next to the original, and searched with a folded pattern.

use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use sea_orm::{
    ColumnTrait, DbBackend,
    sea_query::{Expr, ExprTrait, Func},
};

use crate::{NamePattern, trigrams::conditions};

/// Applies full Unicode case folding and normalises to NFC, so that `ÄMMÄ`, `ämmä` and
/// `a\u{308}mma\u{308}` become equal.
pub(crate) fn fold(text: &str) -> String {
    let folded = compose(&CaseMapper::new().fold_string(&compose(text)));
    // SQLite's LIKE treats these two noncharacters as U+FFFD.
    folded.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// Normalises to NFC, so that equal text has equal bytes.
pub fn compose(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

/// A text column as what to sort by, and to compare with: by code point on each database, whatever its locale.
pub fn by_code_point(column: Expr, backend: DbBackend) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust_with_expr("$1 COLLATE \"C\"", column),
        _ => column,
    }
}

/// Whether the name may match the pattern: for certain, unless a character of the name is folded to several.
pub(crate) fn may_match(name: Expr, folded: Expr, pattern: &NamePattern) -> Expr {
    let like = folded.clone().like(pattern.like());
    if pattern.is_decided_by_the_database() {
        return like;
    }
    let length = |text: &Expr| Expr::from(Func::char_length(text.clone()));
    let is_longer = length(&folded).ne(length(&name));
    like.or(is_longer.and(folded.like(pattern.like_any_length())))
}

/// Whether a search column contains this text. A pattern would say the same, but on text that almost matches
/// in many places it takes up to a hundred times longer. PostgreSQL is given patterns of short parts too, for its
/// trigram index.
pub(crate) fn contains(column: impl ColumnTrait, part: &str, backend: DbBackend) -> Expr {
    let (folded, column) = (fold(part), Expr::col(column.as_column_ref()));
    if backend != DbBackend::Postgres {
        return Func::cust("instr").arg(column).arg(folded).gt(0);
    }
    let contains = Func::cust("strpos").arg(column.clone()).arg(folded.clone()).gt(0);
    conditions(&column, &folded).into_iter().fold(contains, Expr::and)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_differs_in_case_or_normal_form_folds_to_the_same() {
        assert_eq!(fold("ÄMMÄ"), fold("a\u{308}mma\u{308}"));
        assert_eq!(fold("Straße"), "strasse");
    }
}
