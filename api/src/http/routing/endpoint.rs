//! What the route table is made of: operations, the methods they answer, and who may call them.

use actix_web::{FromRequest, Handler, Responder, Route, http::Method};
use entity::api_token::Scope;
use service::{Actor, Error};

use crate::http::openapi::{Describe, OperationDoc};

/// A handler that describes itself, if it is part of the API; `#[operation]` turns a function into one.
pub(crate) struct Operation {
    pub(super) route: Route,
    pub(super) reads_query: bool,
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

    pub(super) fn document(&self) -> Option<OperationDoc> {
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
    pub(super) methods: Vec<Method>,
    pub(super) operation: Operation,
    pub(super) tokens: Tokens,
    /// Whether it is open to everyone, also where nobody reads without a session or an API token.
    pub(super) is_open: bool,
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
    pub(super) fn admit(self, actor: &Actor) -> Result<(), Error> {
        match self {
            Self::None => actor.require_scope(None),
            Self::With(scope) => actor.require_scope(Some(scope)),
            Self::All => Ok(()),
        }
    }

    /// The names of the scopes of which one is needed, for the document.
    pub(super) fn scopes(self) -> Option<Vec<&'static str>> {
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
