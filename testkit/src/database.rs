use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use migration::{Lock, Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    Statement, TransactionTrait,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// A database of one test, gone with it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// Of the SQLite file.
    directory: Option<TempDir>,
}

/// The names of all migrations, oldest first.
pub fn migrations() -> Vec<String> {
    let all = Migrator::migrations();
    all.iter().map(|migration| migration.name().to_owned()).collect()
}

/// The URL of a PostgreSQL to test on, if there is one.
fn postgres() -> Option<String> {
    env::var("TEST_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

/// The same URL with another database.
fn with_database(url: &str, name: &str) -> String {
    let (server, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

/// A name that no other test takes, in this process or another.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("teamnotes_test_{}_{count}", std::process::id())
}

impl TestDatabase {
    /// One without any table.
    pub async fn empty() -> Self {
        match postgres() {
            Some(server) => Self::create(&server).await,
            None => {
                let directory = tempfile::tempdir().expect("a directory");
                let file = directory.path().join("test.db");
                Self {
                    url: format!("sqlite:{}?mode=rwc", file.display()),
                    directory: Some(directory),
                }
            }
        }
    }

    /// One with all migrations.
    pub async fn migrated() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        let database = Self::empty().await;
        match database.file() {
            Some(file) => {
                let migrated = TEMPLATE.get_or_init(|| async {
                    database.migrate().await;
                    fs::read(&file).expect("reads")
                });
                fs::write(&file, migrated.await).expect("writes");
            }
            None => database.migrate().await,
        }
        database
    }

    /// Applies all migrations.
    async fn migrate(&self) {
        let connection = migration::connect(&self.url, None).await.expect("connects");
        let up = migration::Command::Up { num: None };
        migration::apply(&connection, Lock::default(), up).await.expect("migrates");
        connection.close().await.expect("closes");
    }

    fn file(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.path().join("test.db"))
    }

    async fn create(server: &str) -> Self {
        let name = unique_name();
        let admin = Database::connect(server).await.expect("TEST_DATABASE_URL answers");
        admin
            .execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await
            .expect("creates a database");
        admin.close().await.expect("closes");
        Self { url: with_database(server, &name), directory: None }
    }

    /// What to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.directory.is_none()
    }

    /// A connection as the service's own, with foreign keys on.
    pub async fn connect(&self) -> DatabaseConnection {
        Database::connect(&self.url).await.expect("connects")
    }

    /// Changes it behind the service's back.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.expect("executes");
    }

    /// Changes it behind the service's back, unless the database refuses.
    ///
    /// # Errors
    /// What the database says.
    pub async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        let db = self.connect().await;
        let executed = db.execute_unprepared(sql).await;
        db.close().await.expect("closes");
        executed.map(|_| ())
    }

    /// Runs a statement in a transaction that has no end: what it locks is locked until the value
    /// goes.
    pub async fn hold(&self, sql: &str) -> DatabaseTransaction {
        let transaction = self.connect().await.begin().await.expect("begins");
        transaction.execute_unprepared(sql).await.expect("executes");
        transaction
    }

    /// The one number that a query gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let db = self.connect().await;
        let query = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(query).await.expect("reads").expect("a row");
        db.close().await.expect("closes");
        row.try_get_by_index(0).expect("a number")
    }

    /// Every column: the table's name and its own.
    pub async fn columns(&self) -> Vec<(String, String)> {
        let named = |line: &String| {
            let (table, column) = line.strip_prefix("column ")?.split_once('.')?;
            Some((table.to_owned(), column.split(' ').next()?.to_owned()))
        };
        self.schema().await.iter().filter_map(named).collect()
    }

    /// Every row with its table's name, by id; the migrations left out.
    pub async fn rows(&self) -> Vec<(String, Value)> {
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in self.columns().await {
            tables.entry(table).or_default().push(column);
        }
        tables.retain(|_, columns| columns.iter().any(|column| column == "id"));
        let db = self.connect().await;
        let mut rows = Vec::new();
        for (table, columns) in tables {
            let pairs: Vec<String> =
                columns.iter().map(|column| format!("'{column}', \"{column}\"")).collect();
            let object = if self.is_postgres() { "json_build_object" } else { "json_object" };
            let sql = format!(
                "SELECT CAST({object}({}) AS text) FROM {table} ORDER BY id",
                pairs.join(", ")
            );
            let query = Statement::from_string(db.get_database_backend(), sql);
            for row in db.query_all_raw(query).await.expect("reads") {
                let json: String = row.try_get_by_index(0).expect("text");
                rows.push((table.clone(), serde_json::from_str(&json).expect("JSON")));
            }
        }
        db.close().await.expect("closes");
        rows
    }

    /// Every table, column, index and constraint, in an order and words that depend on nothing else.
    pub async fn schema(&self) -> Vec<String> {
        let db = self.connect().await;
        let sql = if self.is_postgres() {
            "SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' \
                || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns \
                WHERE table_schema = 'public' \
             UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' \
             UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) \
                FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
             ORDER BY 1"
        } else {
            "SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' \
                || coalesce(c.dflt_value, '') FROM sqlite_master m, pragma_table_info(m.name) c \
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' \
             UNION ALL SELECT 'index ' || sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL \
             UNION ALL SELECT 'constraint ' || m.name || '.' || f.\"from\" || ' ' || f.\"table\" || ' ' \
                || f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' \
             ORDER BY 1"
        };
        let backend = if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
        let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.expect("reads");
        db.close().await.expect("closes");
        let text = |row: sea_orm::QueryResult| row.try_get_by_index::<String>(0);
        rows.into_iter().map(text).collect::<Result<_, DbErr>>().expect("text")
    }
}

impl Drop for TestDatabase {
    /// Drops a database on PostgreSQL; a file goes with its directory.
    fn drop(&mut self) {
        let (true, Some(server)) = (self.is_postgres(), postgres()) else { return };
        let (_, name) = self.url.rsplit_once('/').expect("a name");
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let admin = Database::connect(&server).await?;
                admin.execute_unprepared(&drop).await?;
                admin.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("a test database was not dropped: {error}");
        }
    }
}
