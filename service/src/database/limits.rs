//! The limits of queries as parts of their texts.

use sea_orm::{Statement, Value, Values};

/// The limits of pages of 10, 20, 25, 50, 100 and 200 rows, which read one more.
const USUAL: [u64; 6] = [11, 21, 26, 51, 101, 201];

/// The text and the values of the statement, with its limit in the text if that is a usual one. PostgreSQL keeps a
/// plan for all values of a parameter, but estimates that an unknown limit is a tenth of all rows, and so plans the statement
/// anew each time. There are few usual limits, since each makes a text of its own that connections prepare and keep.
pub(super) fn with_usual_limit(statement: &Statement) -> (String, Values) {
    let mut sql = statement.sql.clone();
    let mut values = statement.values.clone().map_or_else(Vec::new, |values| values.0);
    let number = values.len();
    if let Some(Value::BigUnsigned(Some(limit))) = values.last()
        && USUAL.contains(limit)
        && let Some(rest) = sql.strip_suffix(&format!(" LIMIT ${number}"))
    {
        sql = format!("{rest} LIMIT {limit}");
        values.pop();
    }
    (sql, Values(values))
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;

    use super::*;

    fn changed(sql: &str, values: impl IntoIterator<Item = Value>) -> (String, usize) {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let (sql, values) = with_usual_limit(&statement);
        (sql, values.0.len())
    }

    #[test]
    fn a_usual_limit_at_the_end_becomes_a_part_of_the_text() {
        let page = "SELECT id FROM notes WHERE id < $1 LIMIT $2";
        let with_limit = "SELECT id FROM notes WHERE id < $1 LIMIT 51";
        assert_eq!(changed(page, [7_i64.into(), 51_u64.into()]), (with_limit.into(), 1));
        assert_eq!(changed(page, [7_i64.into(), 52_u64.into()]), (page.into(), 2));
    }

    #[test]
    fn other_values_stay_where_they_are() {
        for (sql, values) in [
            ("SELECT id FROM notes", vec![]),
            ("SELECT id FROM notes LIMIT ?", vec![51_u64.into()]),
            ("SELECT id FROM notes LIMIT $1", vec![51_i64.into()]),
            ("SELECT id FROM notes WHERE id = $12", vec![51_u64.into(); 2]),
            ("SELECT id FROM notes LIMIT $1 OFFSET $2", vec![51_u64.into(); 2]),
        ] {
            assert_eq!(changed(sql, values.clone()), (sql.into(), values.len()));
        }
    }
}
