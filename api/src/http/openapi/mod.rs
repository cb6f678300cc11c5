//! The OpenAPI document, generated from what routes, handlers, extractors and replies say about themselves.

mod operation;
mod problems;

pub(crate) use operation::{Describe, OperationDoc};
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, Info, OpenApi, Paths, RefOr,
        path::{HttpMethod, Operation},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    extract::MERGE_PATCH_JSON,
    problem::{ProblemBody, ViolationBody},
};

/// A document that operations are added to.
pub(crate) struct Document {
    paths: Paths,
    components: ComponentsBuilder,
}

impl Document {
    /// Starts with what operations refer to: the failures, and the security scheme.
    pub(crate) fn new() -> Self {
        let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = ComponentsBuilder::new()
            .schema(ProblemBody::name(), <ProblemBody as utoipa::PartialSchema>::schema())
            .schema(ViolationBody::name(), <ViolationBody as utoipa::PartialSchema>::schema())
            .responses_from_iter(problems::responses())
            .security_scheme("session", SecurityScheme::Http(bearer));
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
            // `PUT` and `PATCH` are one operation here; ids are unique.
            if let (true, Some(id)) = (is_twin(method), &mut operation.operation_id) {
                id.push_str("_patch");
            }
            if *method == HttpMethod::Patch {
                accept_merge_patch(&mut operation);
            }
            self.paths.add_path_operation(path, vec![method.clone()], operation);
        }
    }

    /// The finished document.
    pub(crate) fn build(self, info: Info) -> OpenApi {
        let mut document = OpenApi::new(info, self.paths);
        document.components = Some(self.components.build());
        document
    }
}

fn accept_merge_patch(operation: &mut Operation) {
    if let Some(RefOr::T(body)) = &mut operation.request_body
        && let Some(json) = body.content.get("application/json").cloned()
    {
        body.content.insert(MERGE_PATCH_JSON.into(), json);
    }
}
