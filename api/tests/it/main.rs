//! Black-box tests over HTTP, a file a resource. The OpenAPI document is held against every answer.

mod hostile;
mod notes;
mod openapi;
mod operations;
mod permissions;
mod protocol;
mod statements;
