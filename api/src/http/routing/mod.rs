//! The route table: it registers handlers, answers 405 with `Allow`, rejects API tokens that a route is not for and
//! queries that no handler reads, and yields the OpenAPI document.

mod endpoint;

use std::future::ready;

use actix_web::{
    HttpResponse, Resource,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{Method, header::ALLOW},
    middleware::{Next, from_fn},
    web,
};
use utoipa::openapi::HttpMethod;

pub use self::endpoint::Tokens;
pub(crate) use self::endpoint::{Docs, Endpoint, Operation, change, delete, get, patch, post};
use crate::http::{
    extract::{Parameters, actor},
    openapi::Document,
    problem::{Problem, join},
};

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
