//! The parts of the OpenAPI document that operations share.

use std::collections::BTreeMap;

use utoipa::{
    IntoParams, IntoResponses, Modify,
    openapi::{
        ComponentsBuilder, ContentBuilder, HeaderBuilder, ObjectBuilder, PathItem, Ref, RefOr,
        Required, Response, ResponseBuilder,
        path::Operation,
        schema::Type,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::http::problem;

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `List` reads")]
pub(crate) struct PageParams {
    /// How many items at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i32>,
    /// Where the page goes on, from the `Link` of the one before.
    #[param(min_length = 1)]
    cursor: Option<String>,
}

/// A header's name, and what it says.
type Header = (&'static str, &'static str);

const RETRY_AFTER: Header = ("Retry-After", "Seconds");
const RATE_LIMIT: Header =
    ("RateLimit", "What is left of the quota, `r`, and the seconds until it is whole again, `t`");
const RATE_LIMIT_POLICY: Header =
    ("RateLimit-Policy", "The quota, `q`, and its window in seconds, `w`");

/// Every failure, by status: what it means, and the headers it brings.
const PROBLEMS: [(&str, &str, &[Header]); 13] = [
    (
        "400",
        "The body is no JSON or has a member twice, or the query is not one of this endpoint's",
        &[],
    ),
    ("401", "No token, a bad one, or wrong credentials", &[("WWW-Authenticate", "`Bearer`")]),
    ("403", "Not allowed", &[]),
    ("404", "Nothing there", &[]),
    ("405", "The path is known, the method is not", &[("Allow", "The methods that are")]),
    ("408", "The body did not arrive in time", &[]),
    ("409", "A unique value is taken, or a rule on the state", &[]),
    ("413", "The body is larger than 256 KiB", &[]),
    ("415", "The body is not `application/json`", &[]),
    ("422", "Values that are not allowed; `errors` points at each", &[]),
    ("429", "Too many attempts", &[RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY]),
    ("500", "A fault of the service", &[]),
    ("503", "The database is out of reach, or overload", &[RETRY_AFTER]),
];

fn references(statuses: &[&str]) -> BTreeMap<String, RefOr<Response>> {
    let reference = |status: &str| Ref::from_response_name(format!("Problem{status}")).into();
    statuses.iter().map(|status| ((*status).to_owned(), reference(status))).collect()
}

/// The failures of every operation under `/api`.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["400", "401", "405", "500", "503"])
    }
}

/// The failures of operations that take a body, beside [`Problems`].
pub(crate) struct BodyProblems;

impl IntoResponses for BodyProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["408", "413", "415", "422"])
    }
}

/// The failures of operations outside `/api`.
pub(crate) struct ServerProblems;

impl IntoResponses for ServerProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["405", "500", "503"])
    }
}

/// Nothing there.
pub(crate) struct Missing;

impl IntoResponses for Missing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["404"])
    }
}

/// Not allowed.
pub(crate) struct Forbidden;

impl IntoResponses for Forbidden {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["403"])
    }
}

/// A rule on the state, or a unique value that is taken.
pub(crate) struct Conflict;

impl IntoResponses for Conflict {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["409"])
    }
}

/// Too many attempts.
pub(crate) struct Throttled;

impl IntoResponses for Throttled {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        references(&["429"])
    }
}

/// Declares what operations refer to: the failures, and the session.
pub(crate) struct SharedParts;

impl Modify for SharedParts {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.take().unwrap_or_default();
        let mut components = ComponentsBuilder::from(components);
        for (status, description, headers) in PROBLEMS {
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let mut response = ResponseBuilder::new()
                .description(description)
                .content(problem::PROBLEM_JSON, content);
            for &(name, description) in headers {
                let is_number = name == RETRY_AFTER.0;
                let kind = if is_number { Type::Integer } else { Type::String };
                let schema = ObjectBuilder::new().schema_type(kind).build();
                let header =
                    HeaderBuilder::new().schema(Some(schema)).description(Some(description));
                let header = header.build();
                response = response.header(name, header);
            }
            components = components.response(format!("Problem{status}"), response.build());
        }
        let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components = components.security_scheme("session", SecurityScheme::Http(bearer));
        document.components = Some(components.build());
        let members = document.paths.paths.get_mut("/api/teams/{id}/members/{user}");
        if let Some(PathItem { put, patch, .. }) = members {
            for body in [put, patch].into_iter().flatten().flat_map(|put| &mut put.request_body) {
                if let RefOr::T(body) = body {
                    body.required = Some(Required::False);
                }
            }
        }
        for item in document.paths.paths.values_mut() {
            let PathItem { get, put, post, patch, delete, .. } = item;
            let operations = [(get, ""), (put, ""), (post, ""), (patch, "_patch"), (delete, "")];
            for (operation, suffix) in operations {
                operation.iter_mut().for_each(|operation| make_id_unique(operation, suffix));
            }
        }
    }
}

/// Handlers are named in their modules; ids are unique in the whole document.
fn make_id_unique(operation: &mut Operation, suffix: &str) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    let name = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{}_{name}{suffix}", tag.replace(' ', "_")));
}
