use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

/// Where the connection comes from. None where there is none (in-process calls).
pub(crate) struct Address(pub(crate) Option<IpAddr>);

impl FromRequest for Address {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(request.peer_addr().map(|address| address.ip()))))
    }
}

/// What the client says it is.
pub(crate) struct UserAgent(pub(crate) Option<String>);

impl FromRequest for UserAgent {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(header::USER_AGENT);
        ready(Ok(Self(agent.and_then(|agent| agent.to_str().ok()).map(str::to_owned))))
    }
}
