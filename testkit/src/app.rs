use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};

use api::{
    http::Network,
    server::{Application, Settings, logging::LogFormat, settings::Secret},
};
use service::{
    DbSettings, Limits, PasswordCost, SessionRules,
    notes::Visibility,
    users::{FirstAdmin, Password, Registration, Username},
};

use crate::{Client, TestDatabase, log};

/// The first admin's username.
pub const ADMIN: &str = "admin";

/// Everybody's password.
pub const PASSWORD: &str = "walnut-harbour-42";

/// The running service, with its own database and port.
#[derive(Debug)]
pub struct TestApp {
    /// Its database.
    pub database: TestDatabase,
    client: Client,
    statements: Arc<Mutex<Vec<String>>>,
}

impl TestApp {
    /// The service with default settings, but without rate limits.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The service with some settings changed.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on(TestDatabase::migrated().await, change).await
    }

    /// Three instances that share the database of the first.
    pub async fn three() -> [Self; 3] {
        let first = Self::start().await;
        let url = first.database.url().to_owned();
        let another = async || Self::start_with(|s| s.database = DbSettings::new(&url)).await;
        [first, another().await, another().await]
    }

    /// The service on a given database.
    pub async fn start_on(database: TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        log::watch();
        let statements = Arc::new(Mutex::new(Vec::new()));
        let mut settings = settings(database.url());
        let seen = statements.clone();
        let hook =
            Arc::new(move |sql: &str, _took| seen.lock().expect("lock").push(sql.to_owned()));
        change(&mut settings);
        // In a box, since the futures of all tests would be as large.
        let built = Box::pin(Application::build_observed(settings, hook)).await;
        let application = built.expect("the service starts");
        let client = Client::of(&format!("http://{}", application.address()));
        tokio::spawn(application.run());
        Self { database, client, statements }
    }

    /// The service, and a signed-in user.
    pub async fn with_user(username: &str) -> (Self, Client) {
        let app = Self::start().await;
        let client = app.user(username).await;
        (app, client)
    }

    /// Its base URL: `http://address:port`.
    pub fn address(&self) -> &str {
        &self.client.base
    }

    /// An anonymous client.
    pub fn anonymous(&self) -> Client {
        self.client.clone()
    }

    /// Signs a user up and logs them in. The name is the capitalised username.
    pub async fn user(&self, username: &str) -> Client {
        self.client.sign_up(username).await;
        self.log_in(username).await
    }

    /// Logs in an existing user.
    pub async fn log_in(&self, username: &str) -> Client {
        self.client.log_in(username).await
    }

    /// Logs in the first admin.
    pub async fn admin(&self) -> Client {
        self.log_in(ADMIN).await
    }

    /// The statements that ran since the last call.
    pub fn statements(&self) -> Vec<String> {
        std::mem::take(&mut self.statements.lock().expect("lock"))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            log::assert_no_leaks();
        }
    }
}

/// The settings of the service under test.
pub fn settings(url: &str) -> Settings {
    Settings {
        database: DbSettings::new(url),
        host: vec![Ipv4Addr::LOCALHOST.into()],
        port: 0,
        secret: Some(Secret(b"a secret of the tests, and of nobody else".to_vec())),
        sessions: SessionRules::default(),
        registration: Registration::Open,
        anonymous_access: true,
        first_admin: Some(FirstAdmin {
            username: Username::parse(ADMIN.into()).expect("a username"),
            password: Password::parse(PASSWORD.into()).expect("a password"),
        }),
        log_format: LogFormat::Text,
        log_filter: None,
        metrics_address: None,
        // Hashing at full cost would take most of the tests' time.
        password_cost: PasswordCost { memory: 8, passes: 1 },
        wait_for_database: Duration::ZERO,
        auto_migrate: true,
        login_rate_limit: false,
        rate_limits: Limits::default(),
        require_if_match: false,
        default_visibility: Visibility::Public,
        server_timing: false,
        web: true,
        network: Network::default(),
    }
}
