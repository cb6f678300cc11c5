//! What is made ready before the first request: the database and its schema, the secret, the first
//! admin.

use std::{io, sync::Arc, time::Duration};

use service::{
    Auth, Db, DbSettings, Passwords, StatementHook, Throttle, TokenKeys, schema,
    users::{self, FirstAdmin, Password, Username},
};
use tokio::sync::Semaphore;

use crate::{http::Metrics, http::State, server::Settings, server::StartError, server::secret};

/// Prepares all that requests share.
///
/// # Errors
/// When anything is not as it must be.
pub(crate) async fn prepare(
    settings: &Settings,
    hook: Option<StatementHook>,
) -> Result<State, StartError> {
    let metrics = Metrics::new().map_err(|error| StartError::Metrics(error.to_string()))?;
    let db = prepare_database(settings, count_statements(&metrics, hook)).await?;
    let secret = secret(settings)?;
    let passwords = Passwords::new(settings.password_cost)
        .map_err(|error| StartError::Passwords(cause(&error)))?;
    make_first_admin(&db, &passwords, settings).await?;
    let auth = Auth {
        keys: TokenKeys::new(&secret),
        passwords,
        sessions: settings.sessions,
        registration: settings.registration,
        throttle: Throttle::new(settings.login_rate_limit),
    };
    let network = settings.network.clone();
    let places = Arc::new(Semaphore::new(network.max_requests));
    Ok(State { db, auth, metrics, network, places, time_limit: time_limit(settings) })
}

/// Enough for a slow body, a wait for a connection and a slow statement. The database's own limit is
/// none when the database, or the network to it, does not answer at all.
fn time_limit(settings: &Settings) -> Duration {
    let DbSettings { acquire_timeout, statement_timeout, .. } = settings.database;
    settings.network.client_timeout + acquire_timeout + statement_timeout
}

/// Counts each statement, and passes it on.
fn count_statements(metrics: &Metrics, next: Option<StatementHook>) -> StatementHook {
    let metrics = metrics.clone();
    Arc::new(move |sql| {
        metrics.statement();
        if let Some(next) = &next {
            next(sql);
        }
    })
}

async fn prepare_database(settings: &Settings, hook: StatementHook) -> Result<Db, StartError> {
    if settings.auto_migrate && !settings.database.is_in_memory() {
        schema::bring_up_to_date(&settings.database)
            .await
            .map_err(|error| StartError::Migrate(cause(&error)))?;
    }
    let db = Db::connect_observed(&settings.database, hook)
        .await
        .map_err(|error| StartError::Database(cause(&error)))?;
    db.require_schema().await.map_err(|error| StartError::Schema(cause(&error)))?;
    Ok(db)
}

/// What is under an error that says little to clients.
pub(crate) fn cause(error: &service::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn secret(settings: &Settings) -> Result<Vec<u8>, StartError> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.0.clone());
    }
    match secret::file(settings) {
        Some(file) => secret::read_or_make(&file)
            .map_err(|error| StartError::File(file.display().to_string(), error)),
        None => service::random::text(48).map(String::into_bytes).map_err(|error| {
            StartError::File("the system's randomness".into(), io::Error::other(error))
        }),
    }
}

/// The admin of the settings; on SQLite otherwise one with a random password, which is shown once.
async fn make_first_admin(
    db: &Db,
    passwords: &Passwords,
    settings: &Settings,
) -> Result<(), StartError> {
    let made = match (&settings.first_admin, db.is_postgres()) {
        (Some(admin), _) => users::make_first_admin(db, passwords, admin.clone()).await,
        (None, true) => return Ok(()),
        (None, false) => make_random_admin(db, passwords).await,
    };
    match made {
        Ok(_) => Ok(()),
        Err(service::Error::Taken(_)) => {
            log::warn!(
                "there is no admin, and the first admin's username is a user's: \
                 `teamnotes user promote` makes that user one"
            );
            Ok(())
        }
        Err(error) => Err(StartError::Database(cause(&error))),
    }
}

async fn make_random_admin(db: &Db, passwords: &Passwords) -> service::Result<bool> {
    let password = service::random::text(18)?;
    let admin = FirstAdmin {
        username: Username::parse("admin".into()).map_err(service::Error::internal)?,
        password: Password::parse(password.clone()).map_err(service::Error::internal)?,
    };
    let is_made = users::make_first_admin(db, passwords, admin).await?;
    if is_made {
        println!("The first admin is `admin` with the password {password}");
        println!("It is not shown again. Change it after the first login.");
    }
    Ok(is_made)
}
