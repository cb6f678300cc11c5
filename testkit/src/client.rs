use std::time::Duration;

use reqwest::{Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};

use crate::{Answer, PASSWORD, TestApp, contract};

/// A client of the service, signed in or not.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    /// The user's id; 0 if nobody is signed in.
    pub id: i64,
    /// The bearer token that is sent with every request.
    pub token: Option<String>,
    /// Whether the token is sent in the session cookie instead, as by a page of the service.
    pub is_page: bool,
}

impl Client {
    /// An anonymous client of the service at this URL.
    pub fn of(base: &str) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none());
        // The service closes a connection after five idle seconds; a request sent at that moment gets no
        // response.
        let client = client.pool_idle_timeout(Duration::from_secs(2));
        let http = client.build().expect("a client");
        Self { http, base: base.to_owned(), id: 0, token: None, is_page: false }
    }

    /// The same client at this instance.
    pub fn at(&self, app: &TestApp) -> Self {
        Self { base: app.address().to_owned(), ..self.clone() }
    }

    /// Uses the service at this URL from now on.
    pub fn move_to(&mut self, base: &str) {
        base.clone_into(&mut self.base);
    }

    /// Signs a user up, whose name is the capitalised username, and returns the id.
    pub async fn sign_up(&self, username: &str) -> i64 {
        let name = username[..1].to_uppercase() + &username[1..];
        let new = json!({ "username": username, "name": name, "password": PASSWORD });
        let user = self.post("/api/users", new).await.created();
        user["id"].as_i64().expect("an id")
    }

    /// A client that is logged in as an existing user.
    pub async fn log_in(&self, username: &str) -> Self {
        let credentials = json!({ "username": username, "password": PASSWORD });
        let answer = self.post("/api/login", credentials).await.ok();
        let mut client = self.clone();
        client.token = Some(answer["token"].as_str().expect("a token").to_owned());
        let current = client.get("/api/sessions/current").await.ok();
        client.id = current["user"]["id"].as_i64().expect("an id");
        client
    }

    /// The same client with this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client as a page of the service.
    pub fn as_page(&self) -> Self {
        Self { is_page: true, ..self.clone() }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `PUT` of a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// Any method, with an optional JSON body.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.answer(method, path, request).await
    }

    /// A raw body with this content type, or none if that is empty.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = self.request(method.clone(), path).body(body.into());
        if !content_type.is_empty() {
            request = request.header("Content-Type", content_type);
        }
        self.answer(method, path, request).await
    }

    /// A request to customise; [`Client::answer`] sends it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            None => request,
            Some(token) if self.is_page => request
                .header("Cookie", format!("teamnotes_session={token}"))
                .header("Sec-Fetch-Site", "same-origin"),
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
        }
    }

    /// Sends a request and validates the response against the OpenAPI document.
    pub async fn answer(&self, method: Method, path: &str, request: RequestBuilder) -> Answer {
        let answer = Answer::of(request).await.expect("an answer");
        contract::check(&method, path, &answer);
        answer
    }

    /// The items of an entire list, page by page.
    pub async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let answer = self.get(&path).await;
            next = answer.next();
            pages.push(answer.ok().as_array().expect("a list").clone());
        }
        pages
    }
}
