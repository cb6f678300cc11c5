//! A database for each test, on SQLite or PostgreSQL.

mod postgres;
mod query_tree;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use migration::{Lock, Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, Statement, TransactionTrait,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use self::postgres::Server;

/// The name of the file on SQLite.
const FILE: &str = "test.db";

/// The database of one test, removed when it is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    /// Contains the SQLite file.
    directory: Option<TempDir>,
}

/// The names of all migrations, oldest first.
pub fn migrations() -> Vec<String> {
    let all = Migrator::migrations();
    all.iter().map(|migration| migration.name().to_owned()).collect()
}

/// Applies all migrations.
async fn migrate(url: &str) {
    let connection = migration::connect(url, None).await.expect("connects");
    let up = migration::Command::Up { num: None };
    migration::apply(&connection, Lock::default(), up).await.expect("migrates");
    connection.close().await.expect("closes");
}

impl TestDatabase {
    /// A database without tables.
    pub async fn empty() -> Self {
        match Server::from_environment() {
            Some(server) => Self { url: server.create_empty().await, directory: None },
            None => Self::new_file().0,
        }
    }

    /// A database with all migrations applied.
    pub async fn migrated() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        if let Some(server) = Server::from_environment() {
            return Self { url: server.create_migrated().await, directory: None };
        }
        let (database, file) = Self::new_file();
        let template = TEMPLATE.get_or_init(|| async {
            migrate(&database.url).await;
            fs::read(&file).expect("reads")
        });
        migration::sqlite_file::make(&database.url).expect("creates");
        fs::write(&file, template.await).expect("writes");
        database
    }

    /// A database in an SQLite file that does not exist yet.
    fn new_file() -> (Self, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join(FILE);
        let url = format!("sqlite:{}?mode=rwc", file.display());
        (Self { url, directory: Some(directory) }, file)
    }

    /// The URL to connect to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file, on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.path().join(FILE))
    }

    /// Whether it is on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.directory.is_none()
    }

    /// Connects as the service does, with foreign keys on.
    pub async fn connect(&self) -> DatabaseConnection {
        // What tests execute may have password hashes, which the service must not log.
        let options = ConnectOptions::new(&self.url).sqlx_logging(false).to_owned();
        Database::connect(options).await.expect("connects")
    }

    /// Changes the database behind the service's back.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.expect("executes");
    }

    /// Changes the database behind the service's back.
    ///
    /// # Errors
    /// If the database rejects the statement.
    pub async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        let db = self.connect().await;
        let executed = db.execute_unprepared(sql).await;
        db.close().await.expect("closes");
        executed.map(|_| ())
    }

    /// Changes a setting of a database on PostgreSQL, for all connections opened from now on.
    pub async fn set(&self, name: &str, value: &str) {
        let (_, database) = self.url.rsplit_once('/').expect("a URL with a database");
        let set = format!("ALTER DATABASE {database} SET {name} = {value}");
        // Even if the setting is that nothing can be changed.
        self.execute(&format!("BEGIN READ WRITE; {set}; COMMIT")).await;
    }

    /// Runs statements on an SQLite file, with foreign keys off.
    pub async fn change_file(file: &Path, statements: &[&str]) {
        let url = format!("sqlite:{}", file.display());
        let db = migration::connect(&url, None).await.expect("connects");
        for sql in statements {
            db.execute_unprepared(sql).await.expect("executes");
        }
        db.close().await.expect("closes");
    }

    /// Runs a statement in a transaction that stays open: what it locks stays locked until the value
    /// is dropped.
    pub async fn hold(&self, sql: &str) -> DatabaseTransaction {
        let transaction = self.connect().await.begin().await.expect("begins");
        transaction.execute_unprepared(sql).await.expect("executes");
        transaction
    }

    /// Runs a statement at the end of a transaction that was held, and commits it.
    pub async fn commit_with(transaction: DatabaseTransaction, sql: &str) {
        transaction.execute_unprepared(sql).await.expect("executes");
        transaction.commit().await.expect("commits");
    }

    /// The number that a query returns.
    pub async fn number(&self, sql: &str) -> i64 {
        number_at(&self.url, sql).await
    }

    /// Every column, as the names of table and column.
    pub async fn columns(&self) -> Vec<(String, String)> {
        let named = |line: &String| {
            let (table, column) = line.strip_prefix("column ")?.split_once('.')?;
            Some((table.to_owned(), column.split(' ').next()?.to_owned()))
        };
        self.schema().await.iter().filter_map(named).collect()
    }

    /// Every row with the name of its table, ordered by id, without the list of migrations.
    pub async fn rows(&self) -> Vec<(String, Value)> {
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (table, column) in self.columns().await {
            tables.entry(table).or_default().push(column);
        }
        let db = self.connect().await;
        let mut rows = Vec::new();
        for (table, columns) in tables {
            let is_key = |key: &&str| columns.iter().any(|column| column == key);
            let Some(key) = ["id", "user_id"].into_iter().find(is_key) else { continue };
            let pairs: Vec<String> =
                columns.iter().map(|column| format!("'{column}', \"{column}\"")).collect();
            let object = if self.is_postgres() { "json_build_object" } else { "json_object" };
            let sql = format!(
                "SELECT CAST({object}({}) AS text) FROM {table} ORDER BY {key}",
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

    /// Every column, index and constraint, in a form that is equal for equal schemas.
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
                || coalesce(c.dflt_value, '') FROM pragma_table_list m, pragma_table_info(m.name) c \
                WHERE m.schema = 'main' AND m.type = 'table' AND m.name NOT LIKE 'sqlite_%' \
             UNION ALL SELECT type || ' ' || sql FROM sqlite_master WHERE type = 'trigger' \
                OR sql LIKE 'CREATE VIRTUAL TABLE%' \
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

/// The number that a query returns from the database at this URL.
pub(crate) async fn number_at(url: &str, sql: &str) -> i64 {
    let db = Database::connect(url).await.expect("connects");
    let query = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(query).await.expect("reads").expect("a row");
    db.close().await.expect("closes");
    row.try_get_by_index(0).expect("a number")
}

impl Drop for TestDatabase {
    /// Drops the database on PostgreSQL; a file is removed with its directory.
    fn drop(&mut self) {
        let (true, Some(server)) = (self.is_postgres(), Server::from_environment()) else { return };
        let url = std::mem::take(&mut self.url);
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(server.drop(&url))
        });
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("a test database was not dropped: {error}");
        }
    }
}
