use std::collections::BTreeMap;

use utoipa::{
    ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Response,
        ResponseBuilder, Schema,
        path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, OneOfBuilder},
        security::SecurityRequirement,
    },
};

use super::{examples, problems, tags};
use crate::http::schema::string;

/// A part of a handler's signature that describes its meaning for the operation.
pub(crate) trait Describe {
    /// Whether it reads the query. If nothing does, any parameter is rejected.
    const READS_QUERY: bool = false;

    /// Adds to the documentation; nothing by default.
    fn describe(_operation: &mut OperationDoc) {}
}

/// The documentation of an operation, and the schemas that it refers to.
#[derive(Default)]
pub(crate) struct OperationDoc {
    operation: Operation,
    responses: BTreeMap<String, RefOr<Response>>,
    schemas: Vec<(String, RefOr<Schema>)>,
    /// Whether repetitions get the first answer.
    is_idempotent: bool,
    /// Whether it sets or clears the session cookie.
    sets_cookie: bool,
    sign_in: Option<Required>,
}

impl OperationDoc {
    /// The operation `id` on a resource, described by the lines of its doc comment. Its summary is the first
    /// sentence.
    pub(crate) fn new(resource: &str, id: &str, docs: &[&str]) -> Self {
        let paragraphs = docs.split(|line| line.trim().is_empty());
        let join =
            |lines: &[&str]| lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        let description = paragraphs.map(join).collect::<Vec<_>>().join("\n\n");
        let operation = OperationBuilder::new()
            .tag(tags::of(resource))
            .operation_id(Some(id))
            .summary(Some(first_sentence(&description)))
            .description(Some(description));
        Self { operation: operation.build(), ..Self::default() }
    }

    /// Parts of the path or of the query.
    pub(crate) fn parameters(&mut self, parameters: impl IntoIterator<Item = Parameter>) {
        let all = self.operation.parameters.get_or_insert_default();
        for mut parameter in parameters {
            parameter.schema.as_mut().map(examples::member);
            all.push(RefOr::T(parameter));
        }
    }

    /// A part of the path, which may not exist (404).
    pub(crate) fn path_parameter(&mut self, name: &str, description: &str, schema: ObjectBuilder) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(schema));
        self.parameters([parameter.build()]);
        self.failures(&[404]);
    }

    /// An optional header of the request.
    pub(crate) fn header_parameter(&mut self, name: &str, description: &str, example: &str) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(string().examples([example])));
        self.parameters([parameter.build()]);
    }

    /// Repetitions with the same key in this header get the first answer.
    pub(crate) fn idempotent(&mut self, header: &str, schema: ObjectBuilder) {
        self.is_idempotent = true;
        let description = "A key that a signed-in caller chooses for this request. For 24 hours, \
                           repetitions of the request with the same key have no further effect and get \
                           the first answer again, with `Idempotency-Replayed: true`. This holds for \
                           2xx, 403, 404, 409 and 422. While the first is in progress, a repetition gets \
                           409 with `Retry-After`. Another request with the key gets 422, with the \
                           pointer `\"\"`. Ignored without a token.";
        let parameter = ParameterBuilder::new()
            .name(header)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema));
        self.parameters([parameter.build()]);
        self.failures(&[400, 403, 409, 422]);
    }

    /// What every `GET` of JSON offers: a tag, and 304 for a client that has it.
    pub(crate) fn conditional_get(&mut self) {
        let Some(RefOr::T(response)) = self.responses.get("200") else { return };
        if !response.content.contains_key("application/json") {
            return;
        }
        self.header_parameter(
            "If-None-Match",
            "The `ETag` of what the caller has. If that is still current, the answer is 304.",
            "\"7-c5a04f2e\"",
        );
        self.header(200, "ETag", "The same as long as the body is", string());
        self.empty(304, "The caller has the current body");
    }

    /// A JSON body.
    pub(crate) fn body<T: ToSchema>(&mut self, required: Required) {
        let content = ContentBuilder::new().schema(Some(self.schema::<T>())).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        self.operation.request_body = Some(RefOr::T(body.required(Some(required)).build()));
        self.failures(&[408, 413, 415, 422]);
    }

    /// It sets or clears the session cookie.
    pub(crate) fn sets_cookie(&mut self) {
        self.sets_cookie = true;
    }

    /// Whether a caller has to sign in, or may.
    pub(crate) fn sign_in(&mut self, required: Required) {
        self.sign_in = Some(required);
    }

    /// Says who may call it. Reads take a token even where nothing asks who calls. `scopes` are those of which an API
    /// token needs one, if API tokens may call it at all.
    pub(crate) fn security(&mut self, is_read: bool, scopes: Option<Vec<&str>>) {
        let sign_in = self.sign_in.take().or(is_read.then_some(Required::False));
        let security = sign_in.map_or(Vec::new(), |required| {
            let nobody = (required == Required::False).then(SecurityRequirement::default);
            let session = ["session", "sessionCookie"];
            let session = session.map(|name| SecurityRequirement::new(name, Vec::<&str>::new()));
            let token = scopes.map(|scopes| SecurityRequirement::new("api_token", scopes));
            nobody.into_iter().chain(session).chain(token).collect()
        });
        self.operation.security = Some(security);
    }

    /// Failures, by status.
    pub(crate) fn failures(&mut self, statuses: &[u16]) {
        let references =
            statuses.iter().map(|&status| (status.to_string(), problems::reference(status)));
        self.responses.extend(references);
    }

    /// A JSON response.
    pub(crate) fn json<T: ToSchema>(&mut self, status: u16, description: &str) {
        let schema = self.schema::<T>();
        self.content(status, description, "application/json", schema);
    }

    /// A JSON array.
    pub(crate) fn json_list<T: ToSchema>(&mut self, description: &str) {
        let list = ArrayBuilder::new().items(self.schema::<T>());
        self.content(200, description, "application/json", list.into());
    }

    /// A JSON object, or an array of them.
    pub(crate) fn json_or_list<T: ToSchema>(&mut self, description: &str) {
        let list = ArrayBuilder::new().items(self.schema::<T>());
        let either = OneOfBuilder::new().item(self.schema::<T>()).item(list);
        self.content(200, description, "application/json", either.into());
    }

    /// A response of this media type.
    pub(crate) fn content(
        &mut self,
        status: u16,
        description: &str,
        media_type: &str,
        schema: RefOr<Schema>,
    ) {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(description).content(media_type, content);
        self.responses.insert(status.to_string(), response.build().into());
    }

    /// A response without a body.
    pub(crate) fn empty(&mut self, status: u16, description: &str) {
        let response = Response::new(description);
        self.responses.insert(status.to_string(), response.into());
    }

    /// A header of a response that has been added before.
    pub(crate) fn header(
        &mut self,
        status: u16,
        name: &str,
        description: &str,
        schema: ObjectBuilder,
    ) {
        if let Some(RefOr::T(response)) = self.responses.get_mut(&status.to_string()) {
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description));
            response.headers.insert(name.into(), header.build().into());
        }
    }

    /// A reference to the schema of this type, which is added to the document.
    fn schema<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        Ref::from_schema_name(T::name()).into()
    }

    pub(super) fn finish(mut self) -> (Operation, Vec<(String, RefOr<Schema>)>) {
        if self.is_idempotent {
            for status in [200, 201] {
                self.header(
                    status,
                    "Idempotency-Replayed",
                    "`true` on an answer given again",
                    string(),
                );
            }
        }
        if self.sets_cookie {
            for status in [200, 204] {
                self.header(status, "Set-Cookie", "The session cookie, set or cleared", string());
            }
        }
        let Self { mut operation, responses, schemas, .. } = self;
        operation.responses.responses = responses;
        (operation, schemas)
    }
}

/// The first sentence of a text, without its full stop.
fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").or_else(|| text.find(".\n"));
    end.and_then(|end| text.get(..end)).unwrap_or(text).trim_end_matches('.')
}

macro_rules! describe_tuples {
    ($($name:ident)*) => {
        impl<$($name: Describe),*> Describe for ($($name,)*) {
            const READS_QUERY: bool = false $(|| $name::READS_QUERY)*;

            fn describe(_operation: &mut OperationDoc) {
                $($name::describe(_operation);)*
            }
        }
    };
}

describe_tuples! {}
describe_tuples! { A }
describe_tuples! { A B }
describe_tuples! { A B C }
describe_tuples! { A B C D }
describe_tuples! { A B C D E }
describe_tuples! { A B C D E F }
