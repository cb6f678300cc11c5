use std::rc::Rc;

use actix_web::{dev::ServiceRequest, http::Method};

/// The operations that need no credential, whatever the settings.
#[derive(Clone, Debug)]
pub(crate) struct OpenRoutes(Rc<[(Method, &'static str)]>);

impl OpenRoutes {
    /// Whether the request is for one of them.
    pub(super) fn include(&self, request: &ServiceRequest) -> bool {
        self.0.iter().any(|(method, path)| method == request.method() && *path == request.path())
    }
}

impl From<Vec<(Method, &'static str)>> for OpenRoutes {
    fn from(routes: Vec<(Method, &'static str)>) -> Self {
        Self(routes.into())
    }
}
