//! The OpenAPI document, generated from what routes, handlers, extractors and replies say about themselves.

mod examples;
mod operation;
mod problems;
mod tags;

pub(crate) use operation::{Describe, OperationDoc};
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, Info, OpenApi, Paths, RefOr, Server,
        path::{HttpMethod, Operation},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    extract::MERGE_PATCH_JSON,
    problem::{ProblemBody, ViolationBody},
    session_cookie,
};

/// A document that operations are added to.
pub(crate) struct Document {
    paths: Paths,
    components: ComponentsBuilder,
}

impl Document {
    /// Starts with what operations refer to: the failures, and the security schemes.
    pub(crate) fn new() -> Self {
        let bearer = |format: &str, description: &str| {
            let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            SecurityScheme::Http(bearer.description(Some(description)).build())
        };
        let session = bearer("JWT", "The token of a session, which a login returns.");
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            session_cookie::NAME,
            "The token of a session in the cookie that a login with `cookie` sets. What changes something must come from \
             a page of the service then. Not used if there is a token in `Authorization`.",
        )));
        let api_token = bearer(
            "tn_…",
            "A token that `POST /api/tokens` returns, with at least one of the scopes that the operation names.",
        );
        let components = ComponentsBuilder::new()
            .schema(ProblemBody::name(), <ProblemBody as utoipa::PartialSchema>::schema())
            .schema(ViolationBody::name(), <ViolationBody as utoipa::PartialSchema>::schema())
            .responses_from_iter(problems::responses())
            .security_scheme("session", session)
            .security_scheme("sessionCookie", cookie)
            .security_scheme("api_token", api_token);
        Self { paths: Paths::new(), components }
    }

    /// Adds an operation under each of its methods.
    pub(crate) fn add(
        &mut self,
        path: &str,
        methods: impl Iterator<Item = HttpMethod>,
        doc: OperationDoc,
    ) {
        let (operation, schemas) = doc.finish();
        let components = std::mem::take(&mut self.components);
        self.components = components.schemas_from_iter(schemas);
        let methods: Vec<HttpMethod> = methods.collect();
        let is_twin = |method: &HttpMethod| *method == HttpMethod::Patch && methods.len() > 1;
        for method in &methods {
            let mut operation = operation.clone();
            if is_twin(method) {
                become_alias(&mut operation);
                accept_merge_patch(&mut operation);
            }
            self.paths.add_path_operation(path, vec![method.clone()], operation);
        }
    }

    /// The finished document of the API at this URL.
    pub(crate) fn build(self, info: Info, server: &str) -> OpenApi {
        let mut document = OpenApi::new(info, self.paths);
        let mut components = self.components.build();
        components.schemas.values_mut().for_each(examples::complete);
        document.components = Some(components);
        document.tags = Some(tags::all());
        document.servers = Some(vec![Server::new(server)]);
        document
    }
}

/// `PUT` and `PATCH` are one operation here. Clients need it once, so the tag of the other tells generators
/// what to leave out.
fn become_alias(operation: &mut Operation) {
    let id = operation.operation_id.get_or_insert_default();
    operation.description = Some(format!("Does the same as `{id}`, which is `PUT`."));
    id.push_str("ByPatch");
    operation.summary = operation.summary.take().map(|summary| summary + " (PATCH)");
    operation.tags = Some(vec![tags::ALIASES.into()]);
}

fn accept_merge_patch(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(json) = body.content.get("application/json").cloned()
    {
        body.content.insert(MERGE_PATCH_JSON.into(), json);
    }
}
