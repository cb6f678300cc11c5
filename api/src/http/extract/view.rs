use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use deserr::Deserr;
use utoipa::{IntoParams, ToSchema, openapi::path::ParameterIn};

use super::{
    BadParameter, Fields, Includable, Include, NoFilter, Nothing, Parameters, fields, include,
};
use crate::http::{
    openapi::{Describe, OperationDoc},
    problem::Problem,
};

/// What is requested of a resource whose body is a `T`: what it includes, and which members are shown.
pub(crate) struct View<T, I = Nothing, Q = NoFilter> {
    pub(crate) include: Include<I>,
    pub(crate) fields: Fields<T>,
    pub(crate) query: Q,
}

/// The other parameters of a resource.
pub(crate) trait ViewQuery<I> {
    /// Applies them to what is included; `Err` says why they do not fit.
    fn apply(&self, _include: &mut Include<I>) -> Result<(), String> {
        Ok(())
    }
}

impl<I> ViewQuery<I> for NoFilter {}

impl<T, I, Q> FromRequest for View<T, I, Q>
where
    T: ToSchema,
    I: Includable,
    Q: Deserr<BadParameter> + ViewQuery<I>,
{
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Parameters::parse(request.query_string()).and_then(Self::read))
    }
}

impl<T, I, Q> View<T, I, Q>
where
    T: ToSchema,
    I: Includable,
    Q: Deserr<BadParameter> + ViewQuery<I>,
{
    fn read(mut parameters: Parameters) -> Result<Self, Problem> {
        let mut include = Include::take(&mut parameters)?;
        let fields = parameters.take("fields");
        let query: Q = parameters.read()?;
        query.apply(&mut include).map_err(Problem::BadRequest)?;
        let fields = read_fields(fields.as_deref(), &include)?;
        Ok(Self { include, fields, query })
    }
}

/// Reads the members to show of a body that includes these.
pub(super) fn read_fields<T: ToSchema, I: Includable>(
    text: Option<&str>,
    include: &Include<I>,
) -> Result<Fields<T>, Problem> {
    Fields::parse(text, &include.left_out())
        .map_err(|why| Problem::BadRequest(format!("fields {why}")))
}

impl<T: ToSchema, I: Includable, Q: IntoParams> Describe for View<T, I, Q> {
    const READS_QUERY: bool = true;

    fn describe(operation: &mut OperationDoc) {
        operation.parameters(Q::into_params(|| Some(ParameterIn::Query)));
        operation.parameters(include::parameter::<I>());
        operation.parameters([fields::parameter::<T>()]);
    }
}
