//! Databases on the PostgreSQL server that the tests use.
//!
//! Migrating takes longer than copying, so each schema is migrated once per server, into a template
//! that the databases of all tests, in all test processes, are copied from.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult, Statement, TransactionTrait,
};

/// What the names of templates start with.
const TEMPLATE: &str = "teamnotes_template_";

/// Any number will do, as long as every test process uses the same.
const ADVISORY_LOCK: i64 = 8_112_210;

/// A PostgreSQL server whose user may create databases.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
}

impl Server {
    /// The one that `TEST_DATABASE_URL` names, if it is set.
    pub(super) fn from_environment() -> Option<Self> {
        let url = env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
        Some(Self { url })
    }

    /// Creates a database without tables and returns its URL.
    pub(super) async fn create_empty(&self) -> String {
        let name = unique_name();
        let admin = self.connect().await.expect("TEST_DATABASE_URL accepts connections");
        execute(&admin, &format!("CREATE DATABASE {name}")).await;
        admin.close().await.expect("closes");
        self.database(&name)
    }

    /// Creates a database with the schema that all migrations lead to and returns its URL.
    pub(super) async fn create_migrated(&self) -> String {
        let name = unique_name();
        let admin = self.connect().await.expect("TEST_DATABASE_URL accepts connections");
        // Copying its files takes a third of the time that the default takes, the write-ahead log.
        let copy =
            format!("CREATE DATABASE {name} TEMPLATE {} STRATEGY FILE_COPY", *CURRENT_TEMPLATE);
        if admin.execute_unprepared(&copy).await.is_err() {
            self.make_template(&admin).await;
            execute(&admin, &copy).await;
        }
        admin.close().await.expect("closes");
        self.database(&name)
    }

    /// Drops the database at this URL, whoever is connected to it.
    pub(super) async fn drop(&self, url: &str) -> Result<(), DbErr> {
        let (_, name) = url.rsplit_once('/').expect("a URL with a database");
        let admin = self.connect().await?;
        admin.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        admin.close().await
    }

    /// Makes the template unless another test or process does, and drops those of other schemas:
    /// there is never more than one.
    async fn make_template(&self, admin: &DatabaseConnection) {
        // Databases can't be created in a transaction: this one only holds the lock.
        let lock = admin.begin().await.expect("begins");
        execute(&lock, &format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")).await;
        let templates = templates(&lock).await;
        if !templates.contains(&CURRENT_TEMPLATE) {
            for other in templates {
                execute(admin, &format!("DROP DATABASE {other} WITH (FORCE)")).await;
            }
            // It gets its name when it is complete, as nothing may connect to a template.
            let unfinished = format!("{TEMPLATE}unfinished");
            execute(admin, &format!("CREATE DATABASE {unfinished}")).await;
            super::migrate(&self.database(&unfinished)).await;
            let rename = format!("ALTER DATABASE {unfinished} RENAME TO {}", *CURRENT_TEMPLATE);
            execute(admin, &rename).await;
        }
        lock.commit().await.expect("releases the lock");
    }

    async fn connect(&self) -> Result<DatabaseConnection, DbErr> {
        Database::connect(&self.url).await
    }

    /// The URL of another database on this server.
    fn database(&self, name: &str) -> String {
        let (server, _) = self.url.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{name}")
    }
}

async fn execute(db: &impl ConnectionTrait, sql: &str) {
    db.execute_unprepared(sql).await.expect("executes");
}

/// The names of all templates on the server, an unfinished one included.
async fn templates(db: &impl ConnectionTrait) -> Vec<String> {
    let named =
        format!("SELECT datname::text FROM pg_database WHERE starts_with(datname, '{TEMPLATE}')");
    let named = Statement::from_string(db.get_database_backend(), named);
    let name = |row: QueryResult| row.try_get_by_index(0).expect("text");
    db.query_all_raw(named).await.expect("reads").into_iter().map(name).collect()
}

/// A name that no other test uses, in this process or another.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("teamnotes_test_{}_{count}", std::process::id())
}

/// The template of the current schema. Its name changes with every change to the migrations.
static CURRENT_TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migration/src");
    let entries = fs::read_dir(sources).expect("the sources of the migrations");
    let paths = entries.map(|entry| entry.expect("reads").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        fs::read(file).expect("reads").hash(&mut hasher);
    }
    format!("{TEMPLATE}{:016x}", hasher.finish())
});
