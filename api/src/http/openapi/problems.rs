use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder,
};

use crate::http::{
    problem::PROBLEM_JSON,
    schema::{integer, string},
};

/// A header's name and description.
type Header = (&'static str, &'static str, fn() -> ObjectBuilder);

const RETRY_AFTER: Header = ("Retry-After", "When to try again, in seconds", integer);
const RATE_LIMIT: Header =
    ("RateLimit", "The remaining quota (`r`), and the seconds until it is reset (`t`)", string);
const RATE_LIMIT_POLICY: Header =
    ("RateLimit-Policy", "The quota (`q`) and its window in seconds (`w`)", string);

/// Every failure by status: its meaning and headers.
const PROBLEMS: [(u16, &str, &[Header]); 15] = [
    (
        400,
        "The body is not valid JSON or has a duplicate member, or a query parameter is unknown, repeated \
         or not valid",
        &[],
    ),
    (
        401,
        "The token is missing, invalid or expired, or the credentials are wrong",
        &[("WWW-Authenticate", "`Bearer`", string)],
    ),
    (
        403,
        "Not allowed, or the scopes of the API token do not allow it",
        &[(
            "WWW-Authenticate",
            "With an API token: `Bearer error=\"insufficient_scope\"`, and the scope that would do, if any",
            string,
        )],
    ),
    (404, "Not found", &[]),
    (405, "The path exists, but not for this method", &[("Allow", "The allowed methods", string)]),
    (408, "The body did not arrive in time", &[]),
    (
        409,
        "A unique value is taken, or the current state does not allow it; with `Retry-After`, the first request \
         with this `Idempotency-Key` is still in progress",
        &[RETRY_AFTER],
    ),
    (
        412,
        "The resource has another version than the one in `If-Match`; `current` is the resource as it is now",
        &[("ETag", "The tag of `current`", string)],
    ),
    (413, "The body is larger than 256 KiB", &[]),
    (415, "The body is not `application/json`", &[]),
    (422, "Invalid values; `errors` has a pointer to each", &[]),
    (428, "The service requires `If-Match` for this", &[]),
    (429, "Too many attempts", &[RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY]),
    (500, "Internal error", &[]),
    (503, "The database is out of reach, or the service is overloaded", &[RETRY_AFTER]),
];

/// Names the response of this status.
pub(super) fn reference(status: u16) -> RefOr<Response> {
    Ref::from_response_name(name(status)).into()
}

/// All failures, by name.
pub(super) fn responses() -> impl Iterator<Item = (String, Response)> {
    PROBLEMS.iter().map(|(status, description, headers)| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response =
            ResponseBuilder::new().description(*description).content(PROBLEM_JSON, content);
        let response = headers.iter().fold(response, |response, (name, description, schema)| {
            let header = HeaderBuilder::new().schema(Some(schema()));
            response.header(*name, header.description(Some(*description)).build())
        });
        (name(*status), response.build())
    })
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}
