use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use deserr::{Deserr, IntoValue, MergeWithError, Value, ValuePointerRef, take_cf_content};
use service::{Error, PageRequest, Position, Sort, SortKey};
use utoipa::{IntoParams, ToSchema, openapi::path::ParameterIn};

use super::{
    BadParameter, Fields, Includable, Include, Nothing, Parameters, fields, include, number,
    sort::{self, OneOrder},
    view::read_fields,
};
use crate::http::{
    cursor::{self, ListId},
    openapi::{Describe, OperationDoc},
    problem::Problem,
    schema::{describe, integer, string},
};

/// The maximum length of a list's query without the cursor, in bytes. The `Link` to the next page repeats it with a
/// cursor of up to 750, and proxies reject responses with longer headers: nginx allows 4 KiB for all of them.
const MAX_QUERY: usize = 2_800;

/// Which page of a list.
#[derive(Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// The maximum number of items.
    #[deserr(default)]
    #[param(inline, required = false)]
    limit: Limit,
    /// Where the page starts, from the `Link` of the previous page. Only valid for the same path, filters
    /// and order.
    #[deserr(default, from(String) = Some)]
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
    /// `exact` adds the header `X-Total-Count`: the number of items on all pages.
    #[deserr(default)]
    #[param(inline, example = "exact")]
    count: Option<Count>,
}

/// How the items of a list are counted.
#[derive(Clone, Copy, Deserr, ToSchema)]
#[deserr(error = BadParameter, rename_all = lowercase)]
#[schema(rename_all = "lowercase")]
enum Count {
    Exact,
}

/// The parameters that any page of a list can have, whatever the other pages have.
const OF_A_PAGE: [&str; 4] = ["limit", "count", "fields", "include"];

/// The schema of a cursor.
struct CursorText;

describe!(CursorText as "Cursor": string().min_length(Some(1)).examples(["Mjk4MTM0NTY3ODkw"]));

/// The maximum number of items on a page.
struct Limit(u64);

impl Limit {
    const MAX: i64 = 200;
    const DEFAULT: i64 = 50;
}

impl Default for Limit {
    fn default() -> Self {
        Self(Self::DEFAULT.unsigned_abs())
    }
}

impl Deserr<BadParameter> for Limit {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, BadParameter> {
        let text = String::deserialize_from_value(value, at)?;
        let limit = number(&text).filter(|limit| (1..=Self::MAX).contains(limit));
        limit.map(|limit| Self(limit.unsigned_abs())).ok_or_else(|| {
            let expected = format!("must be an integer from 1 to {}", Self::MAX);
            take_cf_content(BadParameter::merge(None, expected, at))
        })
    }
}

describe!(Limit as "Limit": integer()
    .minimum(Some(1))
    .maximum(Some(Limit::MAX))
    .examples([20])
    .default(Some(Limit::DEFAULT.into())));

/// The requested part of a list whose items are `T`s: the filter, the order, the page, and what is shown.
pub(crate) struct List<T, F = NoFilter, K = OneOrder, I = Nothing> {
    pub(crate) filter: F,
    pub(crate) sort: Sort<K>,
    pub(crate) page: PageRequest,
    pub(crate) include: Include<I>,
    pub(crate) fields: Fields<T>,
    path: String,
    /// All parameters except the cursor.
    query: String,
    id: ListId,
}

/// The filter of lists without one.
#[derive(Clone, Copy, Deserr, IntoParams)]
#[deserr(error = BadParameter, deny_unknown_fields)]
pub(crate) struct NoFilter {}

impl<T, F, K, I> FromRequest for List<T, F, K, I>
where
    T: ToSchema,
    F: Deserr<BadParameter>,
    K: SortKey,
    I: Includable,
{
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.path(), request.query_string()))
    }
}

impl<T, F, K, I> List<T, F, K, I>
where
    T: ToSchema,
    F: Deserr<BadParameter>,
    K: SortKey,
    I: Includable,
{
    fn read(path: &str, query: &str) -> Result<Self, Problem> {
        let mut filter = Parameters::parse(query)?;
        let mut of_page = filter.split_off(&OF_A_PAGE);
        let cursor = filter.split_off(&["cursor"]);
        let id = ListId::new(path, &filter.encode());
        let query = of_page.and(&filter).encode();
        if query.len() > MAX_QUERY {
            let detail =
                format!("the query must be at most {MAX_QUERY} bytes long when percent-encoded");
            return Err(Problem::BadRequest(detail));
        }
        let include = Include::take(&mut of_page)?;
        let fields = read_fields(of_page.take("fields").as_deref(), &include)?;
        let PageQuery { limit: Limit(limit), cursor, count } = of_page.and(&cursor).read()?;
        let after = cursor.map(|cursor| cursor::read(id, &cursor).ok_or(Error::ForeignPosition));
        let page = PageRequest { limit, after: after.transpose()?, is_counted: count.is_some() };
        let sort = read_sort(&mut filter)?;
        let (filter, path) = (filter.read()?, path.to_owned());
        Ok(Self { filter, sort, page, include, fields, path, query, id })
    }
}

fn read_sort<K: SortKey>(parameters: &mut Parameters) -> Result<Sort<K>, Problem> {
    // Where there is no choice, `sort` is an unknown parameter.
    if K::NAMED.is_empty() {
        return Ok(K::DEFAULT);
    }
    let sort = parameters.take("sort").map(|sort| sort::parse(&sort));
    let sort = sort.transpose().map_err(|why| Problem::BadRequest(format!("sort {why}")))?;
    Ok(sort.unwrap_or(K::DEFAULT))
}

impl<T, F, K, I> List<T, F, K, I> {
    /// The URL of the page that follows this position.
    pub(crate) fn next_url(&self, after: &Position) -> String {
        let Self { path, query, id, .. } = self;
        let separator = if query.is_empty() { "" } else { "&" };
        format!("{path}?{query}{separator}cursor={}", cursor::write(*id, after))
    }
}

impl<T, F, K, I> Describe for List<T, F, K, I>
where
    T: ToSchema,
    F: IntoParams,
    K: SortKey,
    I: Includable,
{
    const READS_QUERY: bool = true;

    fn describe(operation: &mut OperationDoc) {
        operation.parameters(F::into_params(|| Some(ParameterIn::Query)));
        operation.parameters(sort::parameter::<K>());
        operation.parameters(include::parameter::<I>());
        operation.parameters([fields::parameter::<T>()]);
        operation.parameters(PageQuery::into_params(|| Some(ParameterIn::Query)));
    }
}
