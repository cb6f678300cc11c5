//! Black-box tests over HTTP, a file a resource. The OpenAPI document is held against every answer.

mod notes;
