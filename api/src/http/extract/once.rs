use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderName};
use deserr::Deserr;
use entity::UserId;
use service::{Actor, Error, Work, idempotency::KeyedRequest};
use utoipa::{ToSchema, openapi::Required};

use super::{Violations, actor::actor, body::Declared};
use crate::http::{
    kept,
    openapi::{Describe, OperationDoc},
    problem::Problem,
    reply::Reply,
    schema::string,
    state::AppState,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key.
const MAX_CHARS: usize = 255;

/// The JSON body of a request that makes something, once for each `Idempotency-Key` of a user: repetitions
/// get the first answer. Without the header, or from an anonymous caller, every request makes something.
pub(crate) struct Once<T> {
    /// Violations are kept as an answer too.
    new: Result<T, Error>,
    keyed: Option<KeyedRequest>,
}

impl<T> Once<T> {
    /// The answer that is kept, so that nothing need be prepared for the request.
    ///
    /// # Errors
    /// As [`KeyedRequest::kept`].
    pub(crate) async fn kept<K>(
        &self,
        state: &AppState,
        actor: &Actor,
    ) -> Result<Option<Reply<K>>, Problem> {
        let Some(keyed) = &self.keyed else { return Ok(None) };
        let kept = keyed.kept(&state.db, actor).await?;
        Ok(kept.map(|answer| kept::restore(&answer)).transpose()?)
    }

    /// Parses the body further.
    pub(crate) fn and_then<U>(self, parse: impl FnOnce(T) -> Result<U, Error>) -> Once<U> {
        Once { new: self.new.and_then(parse), keyed: self.keyed }
    }

    /// The body in another form.
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Once<U> {
        self.and_then(|new| Ok(map(new)))
    }

    /// Prepares what the effect needs, outside of its transaction.
    pub(crate) async fn prepare<U>(
        self,
        prepare: impl AsyncFnOnce(T) -> Result<U, Error>,
    ) -> Once<U> {
        let new = match self.new {
            Ok(new) => prepare(new).await,
            Err(error) => Err(error),
        };
        Once { new, keyed: self.keyed }
    }

    /// Has the effect in a unit of work, or gives the answer that is kept.
    ///
    /// # Errors
    /// Those of the effect, unless kept as an answer; [`Error::InProgress`]; [`Error::KeyReused`].
    pub(crate) async fn write<K>(
        self,
        state: &AppState,
        actor: &Actor,
        effect: impl AsyncFn(&Work, &T) -> Result<Reply<K>, Error>,
    ) -> Result<Reply<K>, Problem> {
        let db = &state.db;
        let answer = match (self.keyed, self.new) {
            (None, new) => {
                let new = new?;
                return Ok(db.write(actor, async |work| effect(work, &new).await).await?);
            }
            (Some(keyed), Ok(new)) => {
                let effect = async |work: &Work| kept::reply(effect(work, &new).await?);
                keyed.answer(db, actor, effect, kept::failure).await?
            }
            (Some(keyed), Err(error)) => keyed.fail(db, actor, error, kept::failure).await?,
        };
        Ok(kept::restore(&answer)?)
    }
}

impl<T: Deserr<Violations> + ToSchema> FromRequest for Once<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let declared = Declared::of(request);
        let key = Key::of(request);
        let payload = payload.take();
        Box::pin(async move {
            let key = key?;
            declared.require_json()?;
            let arrived = declared.read(payload).await?;
            let new = match declared.parse(&arrived) {
                Ok(new) => Ok(new),
                Err(Problem::Service(invalid @ Error::Invalid(_))) => Err(invalid),
                Err(problem) => return Err(problem),
            };
            let keyed = key.map(|key| key.begin(&arrived.bytes)).transpose()?;
            Ok(Self { new, keyed })
        })
    }
}

/// A key, and the request that it is for.
struct Key {
    state: AppState,
    user_id: UserId,
    text: String,
    method: String,
    path: String,
}

impl Key {
    fn of(request: &HttpRequest) -> Result<Option<Self>, Problem> {
        let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
        let (Some(key), Some(user_id), Some(state)) =
            (keys.next(), actor(request).user_id(), AppState::of(request))
        else {
            return Ok(None);
        };
        let is_valid = |key: &str| {
            (1..=MAX_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match (key.to_str().ok().filter(|key| is_valid(key)), keys.next()) {
            (Some(key), None) => Ok(Some(Self {
                state,
                user_id,
                text: key.to_owned(),
                method: request.method().to_string(),
                path: request.path().to_owned(),
            })),
            _ => Err(Problem::BadRequest(format!(
                "Idempotency-Key must be sent once, with 1 to {MAX_CHARS} visible ASCII characters"
            ))),
        }
    }

    fn begin(&self, body: &[u8]) -> Result<KeyedRequest, Error> {
        let request = [self.method.as_bytes(), self.path.as_bytes(), body];
        self.state.idempotency.begin(self.user_id, &self.text, &request)
    }
}

impl<T: ToSchema> Describe for Once<T> {
    fn describe(operation: &mut OperationDoc) {
        operation.body::<T>(Required::True);
        operation.idempotent(
            "Idempotency-Key",
            string()
                .min_length(Some(1))
                .max_length(Some(MAX_CHARS))
                .pattern(Some("^[!-~]+$"))
                .examples(["7f5d2a"]),
        );
    }
}
