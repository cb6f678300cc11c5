use std::fmt::Write as _;

use tokio::signal::unix::{SignalKind, signal};

use super::{CommandError, output, read_settings};
use crate::server::{Application, Settings, logging};

/// Serves until SIGTERM or SIGINT.
pub(super) async fn run() -> Result<(), CommandError> {
    let settings = read_settings()?;
    let log = logging::start(settings.log_format, settings.log_filter.as_deref())?;
    let served = Box::pin(serve(settings)).await;
    log.finish();
    served
}

async fn serve(settings: Settings) -> Result<(), CommandError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut told_to_stop = Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let application = tokio::select! {
        // In a box, since the compiler limits how deep futures can be nested.
        built = Box::pin(Application::build(settings)) => built?,
        () = &mut told_to_stop => {
            log::info!("stopping before startup has finished");
            return Ok(());
        }
    };
    greet(&application);
    let handle = application.handle();
    tokio::spawn(async move {
        told_to_stop.await;
        log::info!("stopping: finishing requests in flight, accepting no new ones");
        handle.stop(true).await;
    });
    Ok(application.run().await?)
}

/// Prints the URLs, and how to make the first admin if there is none. The service continues if standard output can't be
/// written to.
fn greet(application: &Application) {
    let base = format!("http://{}", application.address());
    log::info!("listening on {base}: the API is at {base}/api, its documentation at {base}/docs");
    let mut greeting = format!(
        "Teamnotes is listening on {base}\n  API:           {base}/api\n  documentation: {base}/docs\n"
    );
    if let Some(hint) = application.setup_hint() {
        log::warn!("there is no admin yet; standard output says how to make the first one");
        let _ = writeln!(greeting, "There is no admin yet. Make the first one: {hint}");
    }
    if let Err(error) = output::print(&greeting) {
        log::warn!("{}", error.describe());
    }
}
