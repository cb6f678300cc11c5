//! Successful replies of handlers: a status, headers, a body. Their type determines which, and describes
//! them in the OpenAPI document.

use std::marker::PhantomData;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{ContentType, HeaderValue, LINK, LOCATION, SET_COOKIE},
    web::Bytes,
};
use serde::Serialize;
use service::{Error, Page};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    bounded::{self, Bounded},
    etag::{self, Versioned},
    extract::{Fields, List},
    openapi::{Describe, OperationDoc},
    problem::Problem,
    schema::{integer, string},
};

/// A reply of kind `K`: a body on its own (200), or one of the kinds below.
pub(crate) struct Reply<K> {
    response: HttpResponse,
    /// That of a note, a user or a team.
    version: Option<i64>,
    kind: PhantomData<K>,
}

/// 200, with a note, a user or a team, and its version in the `ETag`.
pub(crate) struct Resource<T>(PhantomData<T>);

/// 201, with the URL of what was created, and its version in the `ETag`.
pub(crate) struct Created<T>(PhantomData<T>);

/// 201, with something that is shown only once.
pub(crate) struct Issued<T>(PhantomData<T>);

/// 201 if the resource is new, 200 if it existed already.
pub(crate) struct Put<T>(PhantomData<T>);

/// The header with the number of all items of a list.
pub(crate) const TOTAL_COUNT: &str = "X-Total-Count";

const VERSION_TAG: &str = "`\"<version>-<rest>\"`, for `If-Match`";

/// For one: as [`Put`]. For several: 200, with all of them.
pub(crate) struct OneOrAll<T>(PhantomData<T>);

/// 200, with a link to the next page of a list if there is one.
pub(crate) struct PageOf<T>(PhantomData<T>);

/// 200, with a list that is bounded by itself.
pub(crate) struct ListOf<T>(PhantomData<T>);

/// 204.
pub(crate) struct NoContent;

/// 308, to another path.
pub(crate) struct Redirect;

/// 200, as plain text.
pub(crate) struct PlainText;

/// 200, as a page for browsers.
pub(crate) struct Html;

/// 200, with a media type that depends on the request.
pub(crate) struct File;

/// 200, with JSON that is already serialized.
pub(crate) struct RawJson;

impl<K> Reply<K> {
    /// A response with additional headers.
    pub(crate) fn new(response: HttpResponse) -> Self {
        Self { response, version: None, kind: PhantomData }
    }

    /// The same with each `Set-Cookie`.
    pub(crate) fn set_cookies(mut self, cookies: impl IntoIterator<Item = HeaderValue>) -> Self {
        for cookie in cookies {
            self.response.headers_mut().append(SET_COOKIE, cookie);
        }
        self
    }

    /// The response without its `ETag`, and the version in that.
    pub(crate) fn into_parts(self) -> (HttpResponse, Option<i64>) {
        (self.response, self.version)
    }

    fn versioned(response: HttpResponse, version: i64) -> Self {
        Self { response, version: Some(version), kind: PhantomData }
    }
}

impl<T: Serialize + Versioned> Reply<Resource<T>> {
    /// A note, a user or a team.
    pub(crate) fn resource(body: T) -> Self {
        Self::versioned(HttpResponse::Ok().json(&body), body.version())
    }

    /// The members of a note, a user or a team that are to be shown.
    pub(crate) fn part(fields: &Fields<T>, body: &T) -> Self {
        Self::versioned(HttpResponse::Ok().json(fields.of(body)), body.version())
    }
}

impl<T: Serialize> Reply<T> {
    /// A body.
    pub(crate) fn ok(body: T) -> Self {
        Self::new(HttpResponse::Ok().json(body))
    }

    /// The members of a body that are to be shown.
    pub(crate) fn selected(fields: &Fields<T>, body: &T) -> Self {
        Self::new(HttpResponse::Ok().json(fields.of(body)))
    }
}

impl<T: Serialize + Versioned> Reply<Created<T>> {
    /// The created resource and its URL.
    pub(crate) fn created(location: String, body: T) -> Self {
        let response = HttpResponse::Created().insert_header((LOCATION, location)).json(&body);
        Self::versioned(response, body.version())
    }
}

impl<T: Serialize> Reply<Issued<T>> {
    /// What is shown only once.
    pub(crate) fn issued(body: T) -> Self {
        Self::new(HttpResponse::Created().json(body))
    }
}

impl<T: Serialize> Reply<Put<T>> {
    /// The resource, and whether it is new.
    pub(crate) fn put(is_new: bool, body: T) -> Self {
        let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
        Self::new(response.json(body))
    }
}

impl<T: Serialize> Reply<OneOrAll<T>> {
    /// One, and whether it is new.
    pub(crate) fn one(is_new: bool, body: T) -> Self {
        Self::new(Reply::<Put<T>>::put(is_new, body).response)
    }

    /// All of them.
    pub(crate) fn all(bodies: impl Iterator<Item = T>) -> Self {
        Self::new(HttpResponse::Ok().json(bodies.collect::<Vec<T>>()))
    }
}

impl<T: Serialize> Reply<PageOf<T>> {
    /// One page of the requested list, as far as it fits.
    ///
    /// # Errors
    /// If an item can't be written as JSON.
    pub(crate) fn page<F, K, I>(
        list: &List<T, F, K, I>,
        mut page: Page<T>,
    ) -> Result<Self, Problem> {
        let shown = page.items().map(|item| list.fields.of(item));
        let (json, count) = bounded::array(shown).map_err(Error::internal)?;
        page.truncate(count);
        let mut response = HttpResponse::Ok();
        if let Some(next) = page.next() {
            response.insert_header((LINK, format!("<{}>; rel=\"next\"", list.next_url(next))));
        }
        if let Some(total) = page.total() {
            response.insert_header((TOTAL_COUNT, total));
        }
        Ok(Self::new(response.content_type(ContentType::json()).body(json)))
    }
}

impl<T: Serialize> Reply<ListOf<T>> {
    /// These, as far as they fit.
    pub(crate) fn list(items: impl Iterator<Item = T>) -> Self {
        Self::new(HttpResponse::Ok().json(items.collect::<Bounded<T>>()))
    }
}

impl Reply<NoContent> {
    /// An empty reply.
    pub(crate) fn no_content() -> Self {
        Self::new(HttpResponse::NoContent().finish())
    }
}

impl Reply<PlainText> {
    /// Plain text.
    pub(crate) fn text(text: &'static str) -> Self {
        Self::new(HttpResponse::Ok().content_type(ContentType::plaintext()).body(text))
    }
}

impl Reply<RawJson> {
    /// A document.
    pub(crate) fn json(document: Bytes) -> Self {
        Self::new(HttpResponse::Ok().content_type(ContentType::json()).body(document))
    }
}

impl<K> Responder for Reply<K> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        etag::add(request, self.response, self.version)
    }
}

impl<T: ToSchema> Describe for Reply<T> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(200, &about::<T>());
    }
}

impl<T: ToSchema> Describe for Reply<Resource<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(200, &about::<T>());
        operation.header(200, "ETag", VERSION_TAG, string());
    }
}

impl<T: ToSchema> Describe for Reply<Created<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(201, "Created");
        operation.header(201, "Location", "The URL of the new resource", string());
        operation.header(201, "ETag", VERSION_TAG, string());
    }
}

impl<T: ToSchema> Describe for Reply<Issued<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(201, &about::<T>());
    }
}

impl<T: ToSchema> Describe for Reply<Put<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(201, "Newly added");
        operation.json::<T>(200, "Already there");
    }
}

impl<T: ToSchema> Describe for Reply<OneOrAll<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json::<T>(201, "Newly added");
        operation.json_or_list::<T>("Already there, or all of several");
    }
}

impl<T: ToSchema> Describe for Reply<PageOf<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json_list::<T>(
            "A page of the list. It ends before the item that would take it past 1 MiB, even below \
             `limit`; a single item may be larger.",
        );
        let description = "The next page, if there is one: `<URL>; rel=\"next\"` (RFC 8288)";
        operation.header(200, "Link", description, string());
        let description = "With `count=exact`: the number of all items that match the filters";
        operation.header(200, TOTAL_COUNT, description, integer().minimum(Some(0)));
    }
}

impl<T: ToSchema> Describe for Reply<ListOf<T>> {
    fn describe(operation: &mut OperationDoc) {
        operation.json_list::<T>("The list");
    }
}

impl Describe for Reply<NoContent> {
    fn describe(operation: &mut OperationDoc) {
        operation.empty(204, "Done");
    }
}

/// Failures are described by the types that cause them.
impl<K> Describe for Result<Reply<K>, Problem>
where
    Reply<K>: Describe,
{
    fn describe(operation: &mut OperationDoc) {
        Reply::<K>::describe(operation);
    }
}

/// The first line of a schema's description.
fn about<T: PartialSchema>() -> String {
    let description = match T::schema() {
        RefOr::T(Schema::Object(object)) => object.description,
        RefOr::T(Schema::AllOf(all)) => all.description,
        _ => None,
    };
    description.unwrap_or_else(|| "Success".into())
}
