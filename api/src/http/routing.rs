//! A table of routes that knows what it holds: it answers 405 with `Allow` by itself, and tests can
//! read it.

use actix_web::{
    FromRequest, Handler, HttpResponse, Resource, Responder, Route,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::Method,
    middleware::{Next, from_fn},
    web,
};

use crate::{http::extract, http::problem::Problem};

/// A handler and the methods it answers.
pub(crate) struct Endpoint {
    methods: Vec<Method>,
    route: Route,
}

/// `GET`, and `HEAD` with it; takes no query.
pub(crate) fn get<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    plain(vec![Method::GET, Method::HEAD], handler)
}

/// `GET`, and `HEAD` with it, of a handler that reads the query.
pub(crate) fn query<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    endpoint(vec![Method::GET, Method::HEAD], handler)
}

/// `GET`, and `HEAD` with it, whatever the query: probes and browsers add what they like.
pub(crate) fn open<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    query(handler)
}

/// `POST`.
pub(crate) fn post<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    plain(vec![Method::POST], handler)
}

/// `PUT` and `PATCH`, which are one operation.
pub(crate) fn change<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    plain(vec![Method::PUT, Method::PATCH], handler)
}

/// `DELETE`.
pub(crate) fn delete<F: Handler<A>, A: FromRequest + 'static>(handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    plain(vec![Method::DELETE], handler)
}

fn plain<F: Handler<A>, A: FromRequest + 'static>(methods: Vec<Method>, handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    let Endpoint { methods, route } = endpoint(methods, handler);
    Endpoint { methods, route: route.wrap(from_fn(refuse_query)) }
}

fn endpoint<F: Handler<A>, A: FromRequest + 'static>(methods: Vec<Method>, handler: F) -> Endpoint
where
    F::Output: Responder + 'static,
{
    let answered = methods.clone();
    let any_of = guard::fn_guard(move |request| answered.contains(&request.head().method));
    Endpoint { methods, route: Route::new().guard(any_of).to(handler) }
}

async fn refuse_query<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    match extract::Params::parse(request.query_string()).and_then(extract::Params::finish) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => {
            Ok(request.into_response(HttpResponse::from_error(problem)).map_into_right_body())
        }
    }
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
            let methods = allowed(endpoints).into_iter().filter(|method| method != Method::HEAD);
            operations.extend(methods.map(|method| (method.to_string(), *path)));
        }
        operations
    }

    /// Adds the routes to an application, or to a scope of this prefix.
    pub(crate) fn register(self, prefix: &str, app: &mut web::ServiceConfig) {
        for (path, endpoints) in self.paths {
            app.service(resource(path.strip_prefix(prefix).unwrap_or(path), endpoints));
        }
    }
}

fn allowed(endpoints: &[Endpoint]) -> Vec<Method> {
    endpoints.iter().flat_map(|endpoint| endpoint.methods.clone()).collect()
}

fn resource(path: &str, endpoints: Vec<Endpoint>) -> Resource {
    let allowed = allowed(&endpoints);
    let refuse = move || {
        let problem = Problem::MethodNotAllowed(allowed.clone());
        async move { Err::<&str, Problem>(problem) }
    };
    let resource = web::resource(path).default_service(web::to(refuse));
    endpoints.into_iter().fold(resource, |resource, endpoint| resource.route(endpoint.route))
}
