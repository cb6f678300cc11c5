//! Replies that are sent while they are read from the database: one JSON object per line
//! (`application/x-ndjson`).

use actix_web::{HttpResponse, http::header::CONTENT_DISPOSITION, web::Bytes};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use service::Error;

use super::{
    openapi::{Describe, OperationDoc},
    reply::Reply,
    schema::string,
};

const NDJSON: &str = "application/x-ndjson";

/// 200, with a file of lines.
pub(crate) struct Lines;

impl Reply<Lines> {
    /// A line for each row, to be saved under this name. If the rows end with an error, so does the response, before
    /// its end: the client sees that it is not complete.
    pub(crate) fn lines<T: Serialize>(
        name: &str,
        rows: impl Stream<Item = Result<Vec<T>, Error>> + 'static,
    ) -> Self {
        let chunks = rows.map(|batch| write(&batch?));
        let logged = chunks.inspect_err(|error| log::error!("{NDJSON} is not complete: {error}"));
        let disposition = format!("attachment; filename=\"{name}\"");
        let mut response = HttpResponse::Ok();
        response.insert_header((CONTENT_DISPOSITION, disposition));
        Self::new(response.content_type(NDJSON).streaming(logged))
    }
}

fn write<T: Serialize>(rows: &[T]) -> Result<Bytes, Error> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row).map_err(Error::internal)?;
        lines.push(b'\n');
    }
    Ok(lines.into())
}

impl Describe for Reply<Lines> {
    fn describe(operation: &mut OperationDoc) {
        operation.content(200, "A file with one JSON object per line", NDJSON, string().into());
        operation.header(
            200,
            "Content-Disposition",
            "`attachment`, with a name for the file",
            string(),
        );
    }
}
