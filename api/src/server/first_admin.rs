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
        (Some(admin), _) => users::make_first_admin(db, passwords, admin.clone()).await,
        (None, true) => return Ok(()),
        (None, false) => create_random(db, passwords).await,
    };
    match created {
        Ok(_) => Ok(()),
        Err(Error::Taken(_)) => {
            log::warn!(
                "there is no admin, and the first admin's username belongs to a user who is none: \
                 grant that user admin rights with `teamnotes user promote`"
            );
            Ok(())
        }
        Err(error) => Err(StartError::Database(error)),
    }
}

async fn create_random(db: &Db, passwords: &Passwords) -> service::Result<bool> {
    let password = service::random::text(18)?;
    let admin = FirstAdmin {
        username: Username::parse("admin".into()).map_err(Error::internal)?,
        password: Password::parse(password.clone()).map_err(Error::internal)?,
    };
    let is_created = users::make_first_admin(db, passwords, admin).await?;
    if is_created {
        println!("The first admin is `admin` with the password {password}");
        println!("It is not shown again. Change it after the first login.");
    }
    Ok(is_created)
}
