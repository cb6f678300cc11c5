//! Trigram indexes: three characters in a row, and the rows that have them. What they find may be too much, never
//! too little, so that every search has a condition of its own next to them.

use std::collections::BTreeSet;

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryFilter,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, Query, SelectStatement},
};

/// How many characters of a text are looked up. More of them hardly narrow down a search further.
const LOOKED_UP: usize = 64;

/// The longest part of a text that PostgreSQL compares as a pattern. On text that almost matches in many places, that
/// takes as many times longer than a search for the text.
const PART: usize = 16;

/// The most rows for which SQLite uses its index. A list that has more of them soon fills a page without.
const FEW: u64 = 5_000;

/// Rows among which all matches of a search are, if an index has been asked for them.
#[derive(Clone, Debug)]
pub struct Candidates(Option<Expr>);

/// Restricts a query to candidates.
pub trait Among: QueryFilter + Sized {
    /// Only rows among the candidates.
    fn among(self, candidates: &Candidates) -> Self {
        match &candidates.0 {
            Some(condition) => self.filter(condition.clone()),
            None => self,
        }
    }
}

impl<Q: QueryFilter> Among for Q {}

/// The rows of a table that have all the trigrams of these texts in their search column.
///
/// PostgreSQL's index is used by the conditions of the search itself, where its statistics say that this is quicker.
/// SQLite has no such statistics: its index is asked for a few rows first, and not used if there are more.
pub(crate) async fn candidates(
    db: &impl ConnectionTrait,
    table: &'static str,
    texts: impl IntoIterator<Item = String>,
) -> Result<Candidates, DbErr> {
    if db.get_database_backend() == DbBackend::Postgres {
        return Ok(Candidates(None));
    }
    let Some(found) = having(table, texts) else { return Ok(Candidates(None)) };
    let first = found.clone().limit(FEW + 1).take();
    let count =
        Query::select().expr(Func::count(Expr::cust("*"))).from_subquery(first, "first").take();
    let count =
        db.query_one(&count).await?.map(|row| row.try_get_by_index::<i64>(0)).transpose()?;
    let are_few = count.is_some_and(|count| count.unsigned_abs() <= FEW);
    let id = Expr::col((table, "id"));
    Ok(Candidates(are_few.then(|| id.in_subquery(found))))
}

/// Selects the ids of the rows that have all the trigrams, if there are any trigrams.
fn having(table: &str, texts: impl IntoIterator<Item = String>) -> Option<SelectStatement> {
    let trigrams: BTreeSet<String> = texts.into_iter().flat_map(|text| trigrams(&text)).collect();
    if trigrams.is_empty() {
        return None;
    }
    let quoted: Vec<String> = trigrams
        .iter()
        .take(LOOKED_UP)
        .map(|trigram| format!("\"{}\"", trigram.replace('"', "\"\"")))
        .collect();
    let index = format!("{table}_search");
    let matches = Expr::cust_with_values(format!("\"{index}\" MATCH ?"), [quoted.join(" AND ")]);
    Some(Query::select().column("rowid").from(index).and_where(matches).take())
}

fn trigrams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().take(LOOKED_UP).collect();
    characters.windows(3).map(|trigram| trigram.iter().collect()).collect()
}

/// Conditions for PostgreSQL's index, which a column that contains the text meets. It takes letters and digits for
/// trigrams; without any it would read all of the index, and then all rows.
pub(crate) fn conditions(column: &Expr, text: &str) -> Vec<Expr> {
    let characters: Vec<char> = text.chars().take(LOOKED_UP).collect();
    let parts = characters.chunks(PART).filter_map(|part| {
        if has_word(part, |c| c.is_ascii_alphanumeric()) {
            Some(column.clone().like(LikeExpr::new(pattern(part))))
        } else if has_word(part, char::is_alphanumeric) {
            // Whether it is a letter there depends on the locale of the database.
            let like = "$1 LIKE CASE WHEN 'ä' ~ '[[:alpha:]]' THEN $2 ELSE '%' END";
            Some(Expr::cust_with_exprs(like, [column.clone(), pattern(part).into()]))
        } else {
            None
        }
    });
    parts.collect()
}

fn has_word(part: &[char], is_in_words: impl Fn(char) -> bool) -> bool {
    part.windows(3).any(|trigram| trigram.iter().all(|c| is_in_words(*c)))
}

fn pattern(part: &[char]) -> String {
    let mut pattern = String::from("%");
    for c in part {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(*c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{PostgresQueryBuilder, SqliteQueryBuilder};

    use super::*;

    #[test]
    fn trigrams_are_quoted_and_listed_once() {
        let found = having("notes", ["a\"bca\"b", "xy"].map(String::from)).unwrap();
        assert_eq!(
            found.to_string(SqliteQueryBuilder),
            "SELECT \"rowid\" FROM \"notes_search\" WHERE \"notes_search\" MATCH \
             '\"\"\"bc\" AND \"a\"\"b\" AND \"bca\" AND \"ca\"\"\"'"
        );
        assert!(having("notes", ["xy", ""].map(String::from)).is_none());
    }

    #[test]
    fn postgres_looks_up_parts_with_words() {
        let sql = |text| {
            let conditions = conditions(&Expr::col("c"), text);
            let all = conditions
                .into_iter()
                .fold(Query::select(), |mut query, condition| query.and_where(condition).take());
            all.to_string(PostgresQueryBuilder)
        };
        assert_eq!(sql("100_%"), r#"SELECT  WHERE "c" LIKE E'%100\\_\\%%'"#);
        assert!(sql("日本語").contains("THEN '%日本語%' ELSE"));
        assert_eq!(sql("!!! ab"), "SELECT ");
        assert_eq!(sql(&"a".repeat(200)).matches("LIKE").count(), 4);
    }
}
