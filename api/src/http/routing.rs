//! The route table: it registers handlers, answers 405 with `Allow`, rejects queries that no handler
//! reads, and yields the OpenAPI document.

use std::future::ready;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{Method, header::ALLOW},
    middleware::{Next, from_fn},
    web,
};
use entity::api_token::Scope;
use service::{Actor, Error};
use utoipa::openapi::HttpMethod;

use crate::http::{
    extract::{Parameters, actor},
    openapi::{Describe, Document, OperationDoc},
    problem::{Problem, join},
};

/// A handler that describes itself, if it is part of the API; `#[operation]` turns a function into one.
pub(crate) struct Operation {
    route: Route,
    reads_query: bool,
    description: Option<Description>,
}

/// What is said about an operation by its source, and by its types.
struct Description {
    docs: Docs,
    describe: fn(&mut OperationDoc),
}

/// What the types of a handler do not express.
pub(crate) struct Docs {
    /// The path of its module.
    pub(crate) module: &'static str,
    /// Its id in the OpenAPI document.
    pub(crate) id: &'static str,
    /// The lines of its doc comment.
    pub(crate) lines: &'static [&'static str],
    /// The statuses of failures that the types in its signature don't describe.
    pub(crate) failures: &'static [u16],
}

impl Operation {
    /// Describes a handler by its documentation and by its types.
    pub(crate) fn new<F, A>(docs: Docs, handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + Describe + 'static,
        F::Output: Responder + Describe + 'static,
    {
        let describe = |doc: &mut OperationDoc| {
            A::describe(doc);
            F::Output::describe(doc);
        };
        let description = Some(Description { docs, describe });
        Self { route: Route::new().to(handler), reads_query: A::READS_QUERY, description }
    }

    /// For handlers that don't belong to the API. They ignore the query.
    pub(crate) fn undocumented<F, A>(handler: F) -> Self
    where
        F: Handler<A>,
        A: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self { route: Route::new().to(handler), reads_query: false, description: None }
    }

    fn document(&self) -> Option<OperationDoc> {
        let Description { docs, describe } = self.description.as_ref()?;
        let &Docs { module, id, lines, failures } = docs;
        let mut doc = OperationDoc::new(resource_of(module), id, lines);
        describe(&mut doc);
        doc.failures(failures);
        Some(doc)
    }
}

/// The resource that a module belongs to: `notes` for `api::resources::notes`.
fn resource_of(module: &str) -> &str {
    module.split("::").nth(2).unwrap_or_default()
}

/// An operation, the methods it answers, and who may call it.
pub(crate) struct Endpoint {
    methods: Vec<Method>,
    operation: Operation,
    tokens: Tokens,
    /// Whether it is open to everyone, also where nobody reads without a session or an API token.
    is_open: bool,
}

/// Which API tokens may call an operation. Sessions may call every one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// None.
    None,
    /// Those with this scope.
    With(Scope),
    /// All, whatever their scopes.
    All,
}

impl Tokens {
    fn admit(self, actor: &Actor) -> Result<(), Error> {
        match self {
            Self::None => actor.require_scope(None),
            Self::With(scope) => actor.require_scope(Some(scope)),
            Self::All => Ok(()),
        }
    }

    /// The names of the scopes of which one is needed, for the document.
    fn scopes(self) -> Option<Vec<&'static str>> {
        match self {
            Self::None => None,
            Self::With(scope) => Some(vec![scope.name()]),
            Self::All => Some(Vec::new()),
        }
    }
}

impl Endpoint {
    fn new<const N: usize>(methods: [Method; N], operation: fn() -> Operation) -> Self {
        Self {
            methods: methods.into(),
            operation: operation(),
            tokens: Tokens::None,
            is_open: false,
        }
    }

    /// Leaves it open to everyone on an instance that is closed to the anonymous.
    pub(crate) fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// Lets API tokens with this scope call it.
    pub(crate) fn with(self, scope: Scope) -> Self {
        Self { tokens: Tokens::With(scope), ..self }
    }

    /// Lets no API token call it.
    pub(crate) fn without_tokens(self) -> Self {
        Self { tokens: Tokens::None, ..self }
    }

    /// Lets every API token call it.
    pub(crate) fn with_any_token(self) -> Self {
        Self { tokens: Tokens::All, ..self }
    }
}

/// `GET`, and `HEAD` with it. For API tokens that may read.
pub(crate) fn get(operation: fn() -> Operation) -> Endpoint {
    Endpoint::new([Method::GET, Method::HEAD], operation).with(Scope::Read)
}

/// `POST`. For no API token, unless one is admitted, like the following.
pub(crate) fn post(operation: fn() -> Operation) -> Endpoint {
    Endpoint::new([Method::POST], operation)
}

/// `PUT` and `PATCH`, which are one operation.
pub(crate) fn change(operation: fn() -> Operation) -> Endpoint {
    Endpoint::new([Method::PUT, Method::PATCH], operation)
}

/// `PATCH` alone, for a part of a list.
pub(crate) fn patch(operation: fn() -> Operation) -> Endpoint {
    Endpoint::new([Method::PATCH], operation)
}

/// `DELETE`.
pub(crate) fn delete(operation: fn() -> Operation) -> Endpoint {
    Endpoint::new([Method::DELETE], operation)
}

/// Paths and their endpoints.
#[derive(Default)]
pub struct RouteTable {
    paths: Vec<(&'static str, Vec<Endpoint>)>,
}

impl RouteTable {
    /// Adds a path.
    pub(crate) fn at<const N: usize>(
        mut self,
        path: &'static str,
        endpoints: [Endpoint; N],
    ) -> Self {
        self.paths.push((path, endpoints.into()));
        self
    }

    /// Every (method, path), `HEAD` left out.
    pub fn operations(&self) -> Vec<(String, &'static str)> {
        let mut operations = Vec::new();
        for (path, endpoints) in &self.paths {
            let methods = methods(endpoints).into_iter().filter(|method| method != Method::HEAD);
            operations.extend(methods.map(|method| (method.to_string(), *path)));
        }
        operations
    }

    /// Every (method, path), `HEAD` left out, and the API tokens that may call it.
    pub fn tokens(&self) -> Vec<(String, &'static str, Tokens)> {
        let mut all = Vec::new();
        for (path, endpoints) in &self.paths {
            for Endpoint { methods, tokens, .. } in endpoints {
                let methods = methods.iter().filter(|method| *method != Method::HEAD);
                all.extend(methods.map(|method| (method.to_string(), *path, *tokens)));
            }
        }
        all
    }

    /// Every (method, path) that is open to everyone, whatever the settings.
    pub fn open(&self) -> Vec<(Method, &'static str)> {
        let mut open = Vec::new();
        for (path, endpoints) in &self.paths {
            for Endpoint { methods, .. } in endpoints.iter().filter(|endpoint| endpoint.is_open) {
                open.extend(methods.iter().map(|method| (method.clone(), *path)));
            }
        }
        open
    }

    /// Adds the routes to an application, or to a scope of this prefix.
    pub(crate) fn register(self, prefix: &str, app: &mut web::ServiceConfig) {
        for (path, endpoints) in self.paths {
            let relative = path.strip_prefix(prefix).unwrap_or(path);
            app.service(resource(relative, endpoints, is_strict(path)));
        }
    }

    /// Adds the operations to the OpenAPI document.
    pub(crate) fn describe(&self, document: &mut Document) {
        for (path, endpoints) in &self.paths {
            for Endpoint { methods, operation, tokens, .. } in endpoints {
                let Some(mut doc) = operation.document() else { continue };
                doc.failures(&[400, 401, 403, 405, 500, 503]);
                if methods.contains(&Method::GET) {
                    doc.conditional_get();
                }
                doc.security(methods.contains(&Method::GET), tokens.scopes());
                document.add(path, methods.iter().filter_map(documented), doc);
            }
        }
    }
}

/// Whether unknown query parameters and bad tokens are rejected; elsewhere probes and browsers may send
/// whatever they like.
fn is_strict(path: &str) -> bool {
    path.starts_with("/api/")
}

fn documented(method: &Method) -> Option<HttpMethod> {
    match *method {
        Method::GET => Some(HttpMethod::Get),
        Method::POST => Some(HttpMethod::Post),
        Method::PUT => Some(HttpMethod::Put),
        Method::PATCH => Some(HttpMethod::Patch),
        Method::DELETE => Some(HttpMethod::Delete),
        _ => None,
    }
}

fn methods(endpoints: &[Endpoint]) -> Vec<Method> {
    endpoints.iter().flat_map(|endpoint| endpoint.methods.clone()).collect()
}

fn resource(path: &str, endpoints: Vec<Endpoint>, is_strict: bool) -> Resource {
    let allowed = methods(&endpoints);
    let other_method = move |method: Method| ready(other_method(&method, allowed.clone()));
    let resource = web::resource(path).default_service(web::to(other_method));
    endpoints.into_iter().fold(resource, |resource, endpoint| {
        let Endpoint { methods, operation, tokens, .. } = endpoint;
        let is_answered = guard::fn_guard(move |request| methods.contains(&request.head().method));
        let Operation { route, reads_query, .. } = operation;
        let route = route.guard(is_answered);
        let check = move |request: ServiceRequest, next: Next<BoxBody>| {
            pass_on_if(check(&request, tokens, reads_query), request, next)
        };
        resource.route(if is_strict { route.wrap(from_fn(check)) } else { route })
    })
}

/// Answers what no endpoint does: `OPTIONS` with the methods that there are, and 405 to the rest.
fn other_method(method: &Method, allowed: Vec<Method>) -> Result<HttpResponse, Problem> {
    if *method == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((ALLOW, join(&allowed))).finish());
    }
    Err(Problem::MethodNotAllowed(allowed))
}

/// Checks what is the same for all handlers: whether the API token allows the call, and the query if it is not read.
fn check(request: &ServiceRequest, tokens: Tokens, reads_query: bool) -> Result<(), Problem> {
    tokens.admit(&actor(request.request()))?;
    match reads_query {
        true => Ok(()),
        false => Parameters::parse(request.query_string())?.require_none(),
    }
}

async fn pass_on_if(
    checked: Result<(), Problem>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    match checked {
        Ok(()) => next.call(request).await,
        Err(problem) => Ok(request.into_response(HttpResponse::from_error(problem))),
    }
}
