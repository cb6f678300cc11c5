use sea_orm::{
    DbErr, FromQueryResult, PartialModelTrait, QueryResult, QuerySelect, sea_query::Expr,
};

/// A row of a limited list, and how many rows the list has without its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithTotal<T> {
    /// The row.
    pub row: T,
    /// The number of rows without the limit.
    pub total: i64,
}

const TOTAL: &str = "total";

impl<T: FromQueryResult> FromQueryResult for WithTotal<T> {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = T::from_query_result(result, prefix)?;
        Ok(Self { row, total: result.try_get("", TOTAL)? })
    }
}

impl<T: PartialModelTrait> PartialModelTrait for WithTotal<T> {
    fn select_cols_nested<S: QuerySelect>(
        select: S,
        prefix: Option<&str>,
        alias: Option<&'static str>,
    ) -> S {
        T::select_cols_nested(select, prefix, alias)
            .column_as(Expr::cust("COUNT(*) OVER ()"), TOTAL)
    }
}
