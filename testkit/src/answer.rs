use reqwest::{RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// What the service answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `null` when there is none or it is no JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Sends a request; the document is left aside.
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

    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.expect(200).body
    }

    /// The body of a 201.
    #[track_caller]
    pub fn created(self) -> Value {
        self.expect(201).body
    }

    /// A 204.
    #[track_caller]
    pub fn no_content(self) {
        let answer = self.expect(204);
        assert_eq!(answer.text, "");
    }

    /// The `error` of a failure with this status, which must be a proper problem.
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

    /// The pointers of a 422, in order.
    #[track_caller]
    pub fn pointers(self) -> Vec<String> {
        let errors = self.expect(422).body["errors"].clone();
        let pointer = |error: &Value| error["pointer"].as_str().expect("a pointer").to_owned();
        errors.as_array().expect("errors").iter().map(pointer).collect()
    }

    /// A header's value; empty when it is not there.
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
