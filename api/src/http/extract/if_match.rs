use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use service::Expected;

use crate::http::{
    etag,
    openapi::{Describe, OperationDoc},
    problem::Problem,
    state::AppState,
};

/// The header `If-Match`: the versions that the request may change or delete.
pub(crate) struct IfMatch(pub(crate) Expected);

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let is_required = AppState::of(request).is_some_and(|state| state.requires_if_match);
        let tags = etag::tags(headers, header::IF_MATCH);
        ready(Ok(Self(match headers.contains_key(header::IF_MATCH) {
            true => read(tags),
            false if is_required => Expected::Missing,
            false => Expected::Unstated,
        })))
    }
}

fn read<'a>(tags: impl Iterator<Item = &'a str>) -> Expected {
    let tags: Vec<&str> = tags.collect();
    if tags == ["*"] {
        return Expected::Any;
    }
    Expected::OneOf(tags.into_iter().filter_map(version).collect())
}

/// The version in one of our tags. Whatever else the tag tells may have changed without a change of the
/// resource itself, such as the name of a note's author.
fn version(tag: &str) -> Option<i64> {
    let (version, _) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
    version.parse().ok()
}

impl Describe for IfMatch {
    fn describe(operation: &mut OperationDoc) {
        operation.header_parameter(
            "If-Match",
            "The `ETag` that the caller last received for the resource. If that has another version by now, \
             nothing is changed (412). `*` matches any version. The service may be set up to require this \
             header (428).",
            "\"7-c5a04f2e\"",
        );
        operation.failures(&[412, 428]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_tags_and_foreign_tags_match_nothing() {
        let versions = |tags: &[&str]| read(tags.iter().copied());
        assert_eq!(versions(&["\"7-abc\"", "\"x\"", "\"8-\""]), Expected::OneOf(vec![7, 8]));
        assert_eq!(versions(&["*"]), Expected::Any);
        for foreign in ["", "7-abc", "\"7\"", "\"-1\"", "\"*\"", "\"7-abc"] {
            assert_eq!(versions(&[foreign]), Expected::OneOf(vec![]), "{foreign}");
        }
    }
}
