//! `teamnotes`: the service and the commands that operate it.

use std::process::ExitCode;

use clap::Parser;

#[actix_web::main]
async fn main() -> ExitCode {
    api::cli::Arguments::parse().run().await
}
