use std::io::{self, Write};

use service::{
    Db, Error, Passwords,
    users::{self, FirstAdmin, Password, Username},
};

use super::{Settings, StartError};

/// Creates an admin if there is none: the one in the settings, or on SQLite one with a random password,
/// which is shown once.
pub(super) async fn create(
    db: &Db,
    passwords: &Passwords,
    settings: &Settings,
) -> Result<(), StartError> {
    let created = match (&settings.first_admin, db.is_postgres()) {
        (Some(admin), _) => {
            users::create_first_admin(db, passwords, admin.clone(), || Ok(())).await
        }
        (None, true) => return Ok(()),
        (None, false) => create_random(db, passwords).await,
    };
    match created {
        Ok(_) => Ok(()),
        Err(Error::Taken(_)) => {
            log::warn!(
                "there is no admin, and a user without admin rights has the first admin's username: \
                 run `teamnotes user promote`"
            );
            Ok(())
        }
        Err(Error::Internal(cause)) if cause.is::<NotShown>() => {
            log::warn!("no admin was created: {cause}; run `teamnotes user create NAME --admin`");
            Ok(())
        }
        Err(error) => Err(StartError::database(&settings.database)(error)),
    }
}

/// The admin is not created then, since nobody would know the password.
#[derive(Debug, thiserror::Error)]
#[error("can't show the password on standard output: {0}")]
struct NotShown(io::Error);

async fn create_random(db: &Db, passwords: &Passwords) -> service::Result<bool> {
    let password = service::random::text(18)?;
    let admin = FirstAdmin {
        username: Username::parse("admin".into()).map_err(Error::internal)?,
        password: Password::parse(password.clone()).map_err(Error::internal)?,
    };
    let show = || show(&password).map_err(|error| Error::internal(NotShown(error)));
    users::create_first_admin(db, passwords, admin, show).await
}

fn show(password: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The first admin is `admin` with the password {password}")?;
    writeln!(out, "It is not shown again. Change it after the first login.")?;
    out.flush()
}
