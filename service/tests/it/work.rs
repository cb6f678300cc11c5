//! Units of work: what is committed, and for whom.

use service::{
    Actor, Auth, Db, DbSettings, Error, PasswordCost, Passwords, SessionRules, Throttle, TokenKeys,
    sessions::{self, LogIn},
    users::{self, FirstAdmin, Password, Registration, Username},
};
use testkit::{ADMIN, PASSWORD, TestDatabase};

/// Signs in the first admin.
async fn admin(db: &Db) -> Actor {
    let auth = Auth {
        keys: TokenKeys::new(b"a secret of the tests, and of nobody else"),
        passwords: Passwords::new(PasswordCost { memory: 8, passes: 1 }).unwrap(),
        sessions: SessionRules::default(),
        registration: Registration::Open,
        throttle: Throttle::off(),
    };
    let admin = FirstAdmin {
        username: Username::parse(ADMIN.into()).unwrap(),
        password: Password::parse(PASSWORD.into()).unwrap(),
    };
    users::create_first_admin(db, &auth.passwords, admin, || Ok(())).await.unwrap();
    let (username, password) = (ADMIN.to_owned(), PASSWORD.to_owned());
    let request = LogIn { username, password, address: None, user_agent: None };
    let token = sessions::log_in(db, &auth, request).await.unwrap().token;
    service::authenticate(db, &auth, &token).await.unwrap()
}

#[tokio::test]
async fn work_that_never_asks_who_asks_is_not_done_for_an_ended_session() {
    let database = TestDatabase::migrated().await;
    let db = Db::connect(&DbSettings::new(database.url())).await.unwrap();
    let admin = admin(&db).await;
    db.write(&admin, async |_| Ok(())).await.unwrap();
    db.write(&admin, async |work| sessions::log_out(work).await).await.unwrap();
    for done in [
        db.write(&admin, async |_| Ok(())).await,
        db.write(&admin, async |_| Err(Error::NotFound)).await,
        db.write(&admin, async |_| Err(Error::NotAllowed)).await,
    ] {
        assert!(matches!(done, Err(Error::SessionExpired)), "{done:?}");
    }
    db.close().await.unwrap();
}
