use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// A response of the service.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `null` if there is none or it is not JSON.
    pub body: Value,
    /// The body as received.
    pub text: String,
}

impl Answer {
    /// Sends a request, without validating the response against the document.
    pub(crate) async fn of(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Self { status, headers, body, text })
    }

    #[track_caller]
    fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Expects a 200 and returns its body.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.expect(200).body
    }

    /// Expects a 201 and returns its body.
    #[track_caller]
    pub fn created(self) -> Value {
        self.expect(201).body
    }

    /// Expects a 204.
    #[track_caller]
    pub fn no_content(self) {
        let answer = self.expect(204);
        assert_eq!(answer.text, "");
    }

    /// Expects a well-formed problem with this status and returns its `error`.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.body["status"], status);
        assert_eq!(answer.body["error"], answer.body["detail"]);
        assert_eq!(answer.body.get("errors").is_some(), status == 422);
        if status == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        answer.body["error"].as_str().expect("an error").to_owned()
    }

    /// Expects a 422 and returns its pointers, in order.
    #[track_caller]
    pub fn pointers(self) -> Vec<String> {
        let errors = self.expect(422).body["errors"].clone();
        let pointer = |error: &Value| error["pointer"].as_str().expect("a pointer").to_owned();
        errors.as_array().expect("errors").iter().map(pointer).collect()
    }

    /// A header's value; empty if the header is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The URL of the next page, if there is one.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().expect("ASCII");
        let url = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
        Some(url.to_owned())
    }
}
