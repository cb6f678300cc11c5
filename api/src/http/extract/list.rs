use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::LINK};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use serde::Serialize;
use service::{Page, PageRequest};

use super::{FromQuery, Params, query::bad};
use crate::http::problem::Problem;

/// How many items a page has when the client does not say.
const DEFAULT_LIMIT: i64 = 50;

/// How many it has at most.
const MAX_LIMIT: i64 = 200;

/// What part of a list is asked for: the filter, and the page of it.
pub(crate) struct List<F> {
    pub(crate) filter: F,
    pub(crate) page: PageRequest,
    path: String,
    query: String,
}

impl<F: FromQuery> FromRequest for List<F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.path(), request.query_string()))
    }
}

impl<F: FromQuery> List<F> {
    fn read(path: &str, query: &str) -> Result<Self, Problem> {
        let mut params = Params::parse(query)?;
        let limit = params.integer("limit", 1..=MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        let after = match params.take("cursor") {
            None => None,
            Some(cursor) => {
                let id = read_cursor(path, &cursor);
                Some(id.ok_or_else(|| bad("cursor", "is not one that this list gave"))?)
            }
        };
        let filter = F::from_query(&mut params)?;
        params.finish()?;
        let page = PageRequest { limit: limit.unsigned_abs(), after };
        Ok(Self { filter, page, path: path.to_owned(), query: query.to_owned() })
    }

    /// The answer: the items, and a link to the next page where there is one.
    pub(crate) fn respond<T: Serialize>(&self, page: Page<T>) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(after) = page.next {
            response.insert_header((LINK, format!("<{}>; rel=\"next\"", self.next_url(after))));
        }
        response.json(page.items)
    }

    /// The same URL with another cursor.
    fn next_url(&self, after: i64) -> String {
        let same =
            form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name != "cursor");
        let query = Serializer::new(String::new())
            .extend_pairs(same)
            .append_pair("cursor", &write_cursor(&self.path, after))
            .finish();
        format!("{}?{query}", self.path)
    }
}

/// A cursor says which list it is of, and the id of the last item that was shown.
fn write_cursor(path: &str, after: i64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{path} {after}"))
}

fn read_cursor(path: &str, cursor: &str) -> Option<i64> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (list, after) = text.rsplit_once(' ')?;
    if list == path { after.parse().ok() } else { None }
}
