//! The route table: it registers handlers, answers 405 with `Allow`, rejects queries that no handler
//! reads, and yields the OpenAPI document.

use std::future::ready;

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{Method, header::ALLOW},
    middleware::{Next, from_fn},
    web,
};
use utoipa::openapi::HttpMethod;

use crate::http::{
    extract::Parameters,
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

/// An operation and the methods it answers.
pub(crate) struct Endpoint {
    methods: Vec<Method>,
    operation: Operation,
}

/// `GET`, and `HEAD` with it.
pub(crate) fn get(operation: fn() -> Operation) -> Endpoint {
    Endpoint { methods: vec![Method::GET, Method::HEAD], operation: operation() }
}

/// `POST`.
pub(crate) fn post(operation: fn() -> Operation) -> Endpoint {
    Endpoint { methods: vec![Method::POST], operation: operation() }
}

/// `PUT` and `PATCH`, which are one operation.
pub(crate) fn change(operation: fn() -> Operation) -> Endpoint {
    Endpoint { methods: vec![Method::PUT, Method::PATCH], operation: operation() }
}

/// `PATCH` alone, for a part of a list.
pub(crate) fn patch(operation: fn() -> Operation) -> Endpoint {
    Endpoint { methods: vec![Method::PATCH], operation: operation() }
}

/// `DELETE`.
pub(crate) fn delete(operation: fn() -> Operation) -> Endpoint {
    Endpoint { methods: vec![Method::DELETE], operation: operation() }
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
            for Endpoint { methods, operation } in endpoints {
                let Some(mut doc) = operation.document() else { continue };
                doc.failures(&[400, 401, 405, 500, 503]);
                if methods.contains(&Method::GET) {
                    doc.conditional_get();
                }
                doc.default_security(methods.contains(&Method::GET));
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
    endpoints.into_iter().fold(resource, |resource, Endpoint { methods, operation }| {
        let is_answered = guard::fn_guard(move |request| methods.contains(&request.head().method));
        let route = operation.route.guard(is_answered);
        let ignores_query = is_strict && !operation.reads_query;
        resource.route(if ignores_query { route.wrap(from_fn(reject_query)) } else { route })
    })
}

/// Answers what no endpoint does: `OPTIONS` with the methods that there are, and 405 to the rest.
fn other_method(method: &Method, allowed: Vec<Method>) -> Result<HttpResponse, Problem> {
    if *method == Method::OPTIONS {
        return Ok(HttpResponse::NoContent().insert_header((ALLOW, join(&allowed))).finish());
    }
    Err(Problem::MethodNotAllowed(allowed))
}

async fn reject_query<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    match Parameters::parse(request.query_string()).and_then(Parameters::require_none) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => {
            Ok(request.into_response(HttpResponse::from_error(problem)).map_into_right_body())
        }
    }
}
