//! How long the database took for a request, and how many statements, as `Server-Timing` (W3C).

use std::{cell::Cell, time::Duration};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

tokio::task_local! {
    /// The statements of the request that the task is at.
    static STATEMENTS: Cell<Statements>;
}

/// The statements of a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Statements {
    number: u32,
    took: Duration,
}

/// Counts a statement for the request that waits for it. Has no effect outside [`measure`].
pub(crate) fn count(took: Duration) {
    // What the service does by itself is not for a request.
    let _ = STATEMENTS.try_with(|statements| {
        let Statements { number, took: so_far } = statements.get();
        statements.set(Statements { number: number + 1, took: so_far + took });
    });
}

/// Does the work of a request, and returns its statements too.
pub(crate) async fn measure<W: Future>(work: W) -> (W::Output, Statements) {
    let work = async {
        let done = work.await;
        (done, STATEMENTS.with(Cell::get))
    };
    STATEMENTS.scope(Cell::default(), work).await
}

impl Statements {
    /// Adds them, and the time that the whole request took, to the headers of its response.
    pub(crate) fn add_to(self, headers: &mut HeaderMap, total: Duration) {
        let Self { number, took } = self;
        let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
        let value = format!(
            "db;dur={:.3};desc=\"statements: {number}\", total;dur={:.3}",
            milliseconds(took),
            milliseconds(total)
        );
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(SERVER_TIMING, value);
        }
    }
}
