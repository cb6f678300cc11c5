use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use percent_encoding::percent_decode;

use crate::http::problem::Problem;

/// The longest text to search for, in characters.
const MAX_TEXT: usize = 1_000;

/// More parameters than any endpoint knows.
const MAX_PARAMS: usize = 16;

/// What a handler takes from the query.
pub(crate) trait FromQuery: Sized {
    /// Takes the parameters that the endpoint knows.
    fn from_query(params: &mut Params) -> Result<Self, Problem>;
}

/// A query, read; a parameter that the endpoint does not know is refused.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: FromQuery> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let mut params = Params::parse(request.query_string())?;
            let read = T::from_query(&mut params)?;
            params.finish()?;
            Ok(Self(read))
        };
        ready(read())
    }
}

/// The parameters of a query that nobody has taken yet.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Takes a query string apart.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        let mut params: Vec<(String, String)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| bad("the name of a parameter", "is no UTF-8"))?;
            let value = decode(value).ok_or_else(|| bad(&name, "is no UTF-8"))?;
            if value.contains('\0') {
                return Err(bad(&name, "must not contain NUL"));
            }
            if params.iter().any(|(known, _)| *known == name) {
                return Err(bad(&name, "is given twice"));
            }
            if params.len() == MAX_PARAMS {
                return Err(bad(&name, "is one parameter too many"));
            }
            params.push((name, value));
        }
        Ok(Self(params))
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(bad(name, "is no parameter of this endpoint")),
        }
    }

    /// A parameter of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// A parameter that is `true` or `false`.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(bad(name, "must be true or false")),
        }
    }

    /// A parameter that is an integer of a range.
    pub(crate) fn integer(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let Some(text) = self.take(name) else { return Ok(None) };
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_plain && range.contains(&number) => Ok(Some(number)),
            _ => {
                let (least, most) = range.into_inner();
                Err(bad(name, &format!("must be an integer from {least} to {most}")))
            }
        }
    }

    /// A parameter that is text to search for.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            Some(text) if text.chars().count() > MAX_TEXT => {
                Err(bad(name, &format!("must be at most {MAX_TEXT} characters long")))
            }
            text => Ok(text),
        }
    }
}

/// A parameter that can't be read.
pub(crate) fn bad(name: &str, why: &str) -> Problem {
    Problem::BadRequest(format!("{name} {why}"))
}

/// Undoes what forms do to text; none when it is no UTF-8 then.
fn decode(text: &str) -> Option<String> {
    let with_spaces = text.replace('+', " ");
    percent_decode(with_spaces.as_bytes()).decode_utf8().ok().map(String::from)
}
