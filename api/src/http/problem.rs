//! Failures as `application/problem+json` (RFC 9457): the one place that gives errors their status codes.

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{Method, StatusCode, header},
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use service::{Error, Quota, Violation};
use utoipa::ToSchema;

use super::etag::{self, Versioned};

/// The media type of every failure.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// The maximum number of violations in a response.
pub(crate) const MAX_VIOLATIONS: usize = 100;

/// Which quota is used up, and until when (draft-ietf-httpapi-ratelimit-headers-10).
const RATE_LIMIT: &str = "RateLimit";
const RATE_LIMIT_POLICY: &str = "RateLimit-Policy";

/// When to retry after a transient failure, in seconds.
const RETRY_AFTER: u64 = 1;

/// Why a request fails.
#[derive(Debug)]
pub(crate) enum Problem {
    /// An error of a use case.
    Service(Error),
    /// The body is not valid JSON, or a query parameter is rejected.
    BadRequest(String),
    /// The path exists, but not for this method; for these it does.
    MethodNotAllowed(Vec<Method>),
    /// The body is too large.
    TooLarge,
    /// The body is not declared to be JSON.
    UnsupportedMediaType,
    /// The body has this content coding.
    UnsupportedCoding(String),
    /// The request is for a host whose name may have been made to point here.
    Misdirected,
    /// A page of another site has sent the request.
    CrossSite,
    /// A page that is not the service's own has sent the request, with or for a session cookie.
    ForeignPage,
    /// The resource is in another version than `If-Match` names: this, with this tag.
    Outdated { current: Box<RawValue>, tag: String },
    /// A failure of the framework.
    Framework(StatusCode),
}

/// The body of every failure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/validation", "title": "Validation failed", "status": 422,
    "detail": "content must not be empty", "error": "content must not be empty",
    "errors": [{ "pointer": "/content", "detail": "must not be empty" }]
}))]
pub(crate) struct ProblemBody {
    /// Identifies the kind of failure.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation")]
    kind: String,
    /// The kind of failure, in words.
    #[schema(example = "Validation failed")]
    title: &'static str,
    /// The status code.
    #[schema(minimum = 400, maximum = 599, example = 422)]
    status: u16,
    /// This failure in words.
    #[schema(example = "content must not be empty")]
    detail: String,
    /// The same as `detail`.
    #[schema(example = "content must not be empty")]
    error: String,
    /// On 422: each value that is not allowed, 100 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    errors: Option<Vec<ViolationBody>>,
    /// On 412: the resource as it is now, in the form that a `GET` returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    current: Option<Box<RawValue>>,
}

/// A value that is not allowed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub(crate) struct ViolationBody {
    /// A JSON pointer (RFC 6901) into the body; empty for the body as a whole.
    #[schema(example = "/content")]
    pointer: String,
    /// What the value must be.
    #[schema(example = "must not be empty")]
    detail: String,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Service(error)
    }
}

impl Problem {
    /// The resource is now this, which is another version than `If-Match` names.
    pub(crate) fn outdated(current: &(impl Serialize + Versioned)) -> Self {
        match to_raw_value(current) {
            Ok(json) => {
                let tag = etag::of(Some(current.version()), json.get().as_bytes());
                Self::Outdated { current: json, tag }
            }
            Err(error) => Error::internal(error).into(),
        }
    }

    /// Whether the token of the request does not hold, or no longer.
    pub(crate) fn is_of_token(&self) -> bool {
        let Self::Service(error) = self else { return false };
        matches!(error, Error::TokenInvalid | Error::SessionExpired | Error::AccountDisabled)
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Service(error) => kind_of(error),
            Self::Outdated { .. } => kind_of(&Error::Outdated),
            Self::BadRequest(_) => BAD_REQUEST,
            Self::MethodNotAllowed(_) => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large"),
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "Misdirected request")
            }
            Self::CrossSite | Self::ForeignPage => {
                (StatusCode::FORBIDDEN, "cross-site", "Request of another site")
            }
            Self::UnsupportedMediaType | Self::UnsupportedCoding(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Unsupported media type",
            ),
            Self::Framework(status) => {
                (*status, "http", status.canonical_reason().unwrap_or("Failed"))
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Service(error) => error.to_string(),
            Self::Outdated { .. } => Error::Outdated.to_string(),
            Self::BadRequest(detail) => detail.clone(),
            Self::MethodNotAllowed(allowed) => format!("allowed methods: {}", join(allowed)),
            Self::TooLarge => "the request body is larger than 256 KiB".into(),
            Self::UnsupportedMediaType => "the request body must be application/json".into(),
            Self::UnsupportedCoding(coding) => {
                format!(
                    "the request body must not be encoded, but its Content-Encoding is {coding:?}"
                )
            }
            Self::Misdirected => {
                "the host must be localhost or a loopback address; for other names, set \
                                  HOST, PUBLIC_URL, or TRUSTED_PROXIES to the proxy's address"
                    .into()
            }
            Self::CrossSite => {
                "pages of other sites may not send requests, unless CORS_ORIGINS lists \
                                their origin"
                    .into()
            }
            Self::ForeignPage => {
                "with a session cookie, requests that change something must come from a page \
                                  of this service"
                    .into()
            }
            Self::Framework(status) => status.canonical_reason().unwrap_or("failed").to_lowercase(),
        }
    }

    fn violations(&self) -> Option<Vec<ViolationBody>> {
        let body = |Violation { pointer, detail }: &Violation| ViolationBody {
            pointer: pointer.clone(),
            detail: detail.clone(),
        };
        match self {
            Self::Service(Error::Invalid(violations)) => {
                Some(violations.iter().take(MAX_VIOLATIONS).map(body).collect())
            }
            Self::Service(Error::KeyReused) => {
                let detail = "belongs to another request than the Idempotency-Key".into();
                Some(vec![ViolationBody { pointer: String::new(), detail }])
            }
            _ => None,
        }
    }

    fn current(&self) -> Option<Box<RawValue>> {
        match self {
            Self::Outdated { current, .. } => Some(current.clone()),
            _ => None,
        }
    }

    fn add_headers(&self, response: &mut HttpResponseBuilder) {
        match self {
            Self::UnsupportedCoding(_) => {
                response.insert_header((header::ACCEPT_ENCODING, "identity"));
            }
            Self::MethodNotAllowed(allowed) => {
                response.insert_header((header::ALLOW, join(allowed)));
            }
            Self::Outdated { tag, .. } => {
                response.insert_header((header::ETAG, tag.as_str()));
            }
            Self::Service(Error::TooManyAttempts { retry_after, quota }) => {
                let Quota { name, limit, window } = quota;
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                let window = window.as_secs();
                response.insert_header((header::RETRY_AFTER, seconds));
                response.insert_header((RATE_LIMIT, format!("\"{name}\";r=0;t={seconds}")));
                let policy = format!("\"{name}\";q={limit};w={window}");
                response.insert_header((RATE_LIMIT_POLICY, policy));
            }
            Self::Service(Error::Unavailable(_) | Error::ReadOnly | Error::InProgress) => {
                response.insert_header((header::RETRY_AFTER, RETRY_AFTER));
            }
            Self::Service(Error::OutOfScope(scope)) => {
                let scope = scope.map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
                let challenge = format!("Bearer error=\"insufficient_scope\"{scope}");
                response.insert_header((header::WWW_AUTHENTICATE, challenge));
            }
            _ if self.status_code() == StatusCode::UNAUTHORIZED => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
    }
}

/// The status of a failure.
pub(crate) fn status_of(error: &Error) -> StatusCode {
    kind_of(error).0
}

/// Status, last segment of the type, title.
type Kind = (StatusCode, &'static str, &'static str);

const BAD_REQUEST: Kind = (StatusCode::BAD_REQUEST, "bad-request", "Bad request");

#[deny(clippy::wildcard_enum_match_arm)]
fn kind_of(error: &Error) -> Kind {
    match error {
        Error::TokenMissing
        | Error::TokenInvalid
        | Error::SessionExpired
        | Error::AccountDisabled
        | Error::WrongCredentials
        | Error::WrongSetupToken
        | Error::LoginDisabled => (StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in"),
        Error::NotAllowed | Error::OutOfScope(_) | Error::RegistrationClosed => {
            (StatusCode::FORBIDDEN, "forbidden", "Not allowed")
        }
        Error::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
        Error::Taken(_)
        | Error::TooManyApiTokens { .. }
        | Error::LastAdmin
        | Error::IsSetUp
        | Error::LastOwner
        | Error::NotForTeams
        | Error::LastTeam
        | Error::InProgress => (StatusCode::CONFLICT, "conflict", "Conflict"),
        Error::Outdated => {
            (StatusCode::PRECONDITION_FAILED, "precondition-failed", "Changed in the meantime")
        }
        Error::VersionMissing => {
            (StatusCode::PRECONDITION_REQUIRED, "precondition-required", "If-Match required")
        }
        Error::ForeignPosition => BAD_REQUEST,
        Error::Invalid(_) | Error::KeyReused => {
            (StatusCode::UNPROCESSABLE_ENTITY, "validation", "Validation failed")
        }
        Error::TooManyAttempts { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many attempts")
        }
        Error::Unavailable(_) | Error::ReadOnly => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available")
        }
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
    }
}

/// The methods, separated by commas.
pub(crate) fn join(methods: &[Method]) -> String {
    methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Problem {
    /// For the log: with the causes that clients are not told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(Error::Internal(cause) | Error::Unavailable(cause)) => cause.fmt(f),
            _ => f.write_str(&self.detail()),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, kind, title) = self.kind();
        let detail = self.detail();
        let body = ProblemBody {
            kind: format!("/problems/{kind}"),
            title,
            status: status.as_u16(),
            error: detail.clone(),
            detail,
            errors: self.violations(),
            current: self.current(),
        };
        let mut response = HttpResponse::build(status);
        self.add_headers(&mut response);
        let json = serde_json::to_string(&body).unwrap_or_default();
        response.content_type(PROBLEM_JSON).body(json)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actix_web::body::{MessageBody, to_bytes};
    use entity::api_token::Scope;
    use service::Field;

    use super::*;

    /// One of each variant.
    fn every_error() -> Vec<Error> {
        let secret = "SELECT secret FROM /var/lib/teamnotes.db";
        vec![
            Error::TokenMissing,
            Error::TokenInvalid,
            Error::SessionExpired,
            Error::AccountDisabled,
            Error::WrongCredentials,
            Error::LoginDisabled,
            Error::WrongSetupToken,
            Error::IsSetUp,
            Error::NotAllowed,
            Error::OutOfScope(Some(Scope::NotesWrite)),
            Error::RegistrationClosed,
            Error::NotFound,
            Error::Taken(Field::Username),
            Error::TooManyApiTokens { max: 100 },
            Error::LastAdmin,
            Error::LastOwner,
            Error::NotForTeams,
            Error::LastTeam,
            Error::Outdated,
            Error::VersionMissing,
            Error::ForeignPosition,
            Error::InProgress,
            Error::KeyReused,
            Error::Invalid(vec![Violation::of("content", "must not be empty")]),
            Error::TooManyAttempts {
                retry_after: Duration::from_secs(9),
                quota: Quota { name: "login", limit: 100, window: Duration::from_mins(15) },
            },
            Error::unavailable(secret),
            Error::ReadOnly,
            Error::internal(secret),
        ]
    }

    #[actix_web::test]
    async fn every_failure_is_problem_json_and_none_reveals_internals() {
        for error in every_error() {
            let is_out_of_scope = matches!(error, Error::OutOfScope(_));
            let response = Problem::from(error).error_response();
            let status = response.status();
            assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
            let is_challenge = response.headers().contains_key("www-authenticate");
            assert_eq!(is_challenge, is_out_of_scope || status == StatusCode::UNAUTHORIZED);
            let body = to_bytes(response.into_body().boxed()).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["status"], status.as_u16());
            assert_eq!(body["error"], body["detail"]);
            assert_eq!(body.get("errors").is_some(), status == StatusCode::UNPROCESSABLE_ENTITY);
            assert!(!body.to_string().contains("secret"), "{body}");
        }
    }
}
