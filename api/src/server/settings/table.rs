//! Every setting of the service: the source of the README's table, `.env.example`, `teamnotes settings`
//! and what is read at startup.

use service::settings::{DATABASE_URL, MIGRATION_LOCK, MIGRATION_LOCK_TIMEOUT, Setting};

pub(crate) const HOST: Setting =
    Setting::text("HOST", "an address or a host name", "where to listen").or("127.0.0.1");

pub(crate) const PORT: Setting =
    Setting::number("PORT", 0, 65_535, "port to listen on; `0` takes a free one").or("3001");

pub(crate) const SECRET: Setting = Setting::text(
    "SECRET",
    "32 bytes or more",
    "key that signs tokens; needed on PostgreSQL, the same for all instances",
)
.or_else("created on SQLite")
.or_in_file();

pub(crate) const ADMIN_USERNAME: Setting = Setting::text(
    "ADMIN_USERNAME",
    "a username",
    "admin to create at startup if there is none; needs `ADMIN_PASSWORD`",
);

pub(crate) const ADMIN_PASSWORD: Setting =
    Setting::text("ADMIN_PASSWORD", "a password", "that admin's password; needs `ADMIN_USERNAME`")
        .or_in_file();

pub(crate) const DATABASE_REPLICA_URLS: Setting = Setting::text(
    "DATABASE_REPLICA_URLS",
    "`postgres://…`, separated by commas",
    "standbys that serve reads, none of which is older than its request",
)
.or_in_file();

pub(crate) const DATABASE_REPLICA_WAIT: Setting = Setting::number(
    "DATABASE_REPLICA_WAIT",
    0,
    1_000,
    "milliseconds that a read waits for such a standby before the primary serves it",
)
.or("10");

pub(crate) const DATABASE_MAX_CONNECTIONS: Setting = Setting::number(
    "DATABASE_MAX_CONNECTIONS",
    4,
    1_000,
    "connections of an instance, in all pools; on SQLite for reading, in addition to the one that writes",
)
.or("16");

pub(crate) const DATABASE_ACQUIRE_TIMEOUT: Setting = Setting::number(
    "DATABASE_ACQUIRE_TIMEOUT",
    1,
    60,
    "seconds to wait for a free connection, and on SQLite for the write lock",
)
.or("5");

pub(crate) const DATABASE_READ_TIMEOUT: Setting = Setting::number(
    "DATABASE_READ_TIMEOUT",
    1,
    3_600,
    "seconds that a query may run, such as a search",
)
.or("5");

pub(crate) const DATABASE_STATEMENT_TIMEOUT: Setting = Setting::number(
    "DATABASE_STATEMENT_TIMEOUT",
    1,
    3_600,
    "seconds that a statement of a change may run; on SQLite, all of its statements together",
)
.or("30");

pub(crate) const WAIT_FOR_DATABASE: Setting = Setting::number(
    "WAIT_FOR_DATABASE",
    0,
    3_600,
    "seconds to wait at startup for a database that is away or read-only",
)
.or("30");

pub(crate) const AUTO_MIGRATE: Setting = Setting::word(
    "AUTO_MIGRATE",
    &["true", "false"],
    "whether to migrate the database at startup; if not, its schema must be up to date",
)
.or("true");

const LONGEST_SESSION: u64 = 10 * 365 * 86_400;

pub(crate) const SESSION_TTL: Setting =
    Setting::number("SESSION_TTL", 1, LONGEST_SESSION, "seconds that a session lasts")
        .or("2592000");

// Use is recorded once a minute: a shorter time would end sessions that are in use.
pub(crate) const SESSION_IDLE_TTL: Setting = Setting::number(
    "SESSION_IDLE_TTL",
    120,
    LONGEST_SESSION,
    "seconds that a session lasts without being used; use is recorded once a minute",
)
.or("1209600");

pub(crate) const SESSION_LIMIT: Setting =
    Setting::number("SESSION_LIMIT", 1, 10_000, "sessions per user; another login ends the oldest")
        .or("50");

pub(crate) const PASSWORD_HASH_MEMORY: Setting = Setting::number(
    "PASSWORD_HASH_MEMORY",
    7 * 1024,
    1024 * 1024,
    "KiB that argon2id uses per password; passwords are rehashed at the next login",
)
.or("19456");

pub(crate) const PASSWORD_HASH_PASSES: Setting =
    Setting::number("PASSWORD_HASH_PASSES", 1, 100, "passes over that memory").or("2");

pub(crate) const REGISTRATION: Setting = Setting::word(
    "REGISTRATION",
    &["open", "closed"],
    "`open`: anyone who reaches the service may sign up, and write; `closed`: only admins create users",
)
.or("open");

pub(crate) const ANONYMOUS_ACCESS: Setting = Setting::word(
    "ANONYMOUS_ACCESS",
    &["on", "off"],
    "`on`: anyone who reaches the service may read; `off`: reading needs a session or an API token",
)
.or("on");

pub(crate) const LOGIN_RATE_LIMIT: Setting = Setting::word(
    "LOGIN_RATE_LIMIT",
    &["on", "off"],
    "whether logins and sign-ups are rate limited",
)
.or("on");

const MOST_ATTEMPTS: u64 = 1_000_000;

pub(crate) const LOGIN_LIMIT: Setting = Setting::number(
    "LOGIN_LIMIT",
    1,
    MOST_ATTEMPTS,
    "wrong passwords for one user from one address within 15 minutes; further logins get 429",
)
.or("40");

pub(crate) const LOGIN_LIMIT_ADDRESS: Setting = Setting::number(
    "LOGIN_LIMIT_ADDRESS",
    1,
    MOST_ATTEMPTS,
    "the same from one address, whoever the user is",
)
.or("100");

pub(crate) const LOGIN_LIMIT_USER: Setting = Setting::number(
    "LOGIN_LIMIT_USER",
    1,
    MOST_ATTEMPTS,
    "the same for one user from all addresses; further logins are slowed down where the user has not logged in before",
)
.or("50");

pub(crate) const SIGN_UP_LIMIT: Setting = Setting::number(
    "SIGN_UP_LIMIT",
    1,
    MOST_ATTEMPTS,
    "sign-ups from one address within 15 minutes",
)
.or("50");

pub(crate) const REQUIRE_IF_MATCH: Setting = Setting::word(
    "REQUIRE_IF_MATCH",
    &["on", "off"],
    "whether changes of notes, users and teams must have `If-Match` (428 without)",
)
.or("off");

pub(crate) const DEFAULT_VISIBILITY: Setting = Setting::word(
    "DEFAULT_VISIBILITY",
    &["public", "private"],
    "who sees a new note whose author does not say: everyone, or the author alone",
)
.or("public");

pub(crate) const PUBLIC_URL: Setting = Setting::text(
    "PUBLIC_URL",
    "such as `https://example.org/notes`",
    "where clients reach the service through a proxy; `Link` and `Location` begin with it",
);

pub(crate) const TRUSTED_PROXIES: Setting = Setting::text(
    "TRUSTED_PROXIES",
    "such as `127.0.0.1`, separated by commas",
    "proxies whose `X-Forwarded-For` or `Forwarded` is believed",
);

pub(crate) const CORS_ORIGINS: Setting = Setting::text(
    "CORS_ORIGINS",
    "such as `https://notes.example.org`, or `*`",
    "origins whose pages may call the API from a browser",
);

pub(crate) const CLIENT_TIMEOUT: Setting = Setting::number(
    "CLIENT_TIMEOUT",
    1,
    300,
    "seconds to wait for a request's head, for its body, and for a stalled response",
)
.or("15");

pub(crate) const MAX_REQUESTS: Setting = Setting::number(
    "MAX_REQUESTS",
    1,
    100_000,
    "requests served at once, until their responses are sent; others get 503",
)
.or("1000");

pub(crate) const METRICS_ADDR: Setting = Setting::text(
    "METRICS_ADDR",
    "such as `127.0.0.1:9100`",
    "separate address for `/metrics`, which is otherwise served next to the API",
);

pub(crate) const WEB: Setting = Setting::word(
    "WEB",
    &["on", "off"],
    "whether the page for people is served at `/`; the API is in any case",
)
.or("on");

pub(crate) const SERVER_TIMING: Setting = Setting::word(
    "SERVER_TIMING",
    &["on", "off"],
    "whether `Server-Timing` tells clients how many statements the database ran for them, and how long they took",
)
.or("off");

pub(crate) const LOG_FORMAT: Setting =
    Setting::word("LOG_FORMAT", &["text", "json"], "`json`: one object per line").or("text");

pub(crate) const RUST_LOG: Setting =
    Setting::text("RUST_LOG", "a level, optionally per module: `info,sqlx=warn`", "what is logged")
        .or_else("`info`, less of libraries");

/// A group of settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) settings: &'static [Setting],
}

/// All settings; those needed most often come first.
pub(crate) const GROUPS: [Group; 6] = [
    Group {
        title: "The essentials",
        settings: &[DATABASE_URL, HOST, PORT, SECRET, ADMIN_USERNAME, ADMIN_PASSWORD],
    },
    Group {
        title: "Users and sessions",
        settings: &[
            REGISTRATION,
            ANONYMOUS_ACCESS,
            LOGIN_RATE_LIMIT,
            LOGIN_LIMIT,
            LOGIN_LIMIT_ADDRESS,
            LOGIN_LIMIT_USER,
            SIGN_UP_LIMIT,
            REQUIRE_IF_MATCH,
            DEFAULT_VISIBILITY,
            SESSION_TTL,
            SESSION_IDLE_TTL,
            SESSION_LIMIT,
            PASSWORD_HASH_MEMORY,
            PASSWORD_HASH_PASSES,
        ],
    },
    Group {
        title: "Network",
        settings: &[WEB, PUBLIC_URL, TRUSTED_PROXIES, CORS_ORIGINS, CLIENT_TIMEOUT, MAX_REQUESTS],
    },
    Group {
        title: "Database",
        settings: &[
            DATABASE_MAX_CONNECTIONS,
            DATABASE_ACQUIRE_TIMEOUT,
            DATABASE_READ_TIMEOUT,
            DATABASE_STATEMENT_TIMEOUT,
            DATABASE_REPLICA_URLS,
            DATABASE_REPLICA_WAIT,
            WAIT_FOR_DATABASE,
        ],
    },
    Group {
        title: "Migrations",
        settings: &[AUTO_MIGRATE, MIGRATION_LOCK_TIMEOUT, MIGRATION_LOCK],
    },
    Group {
        title: "Log and metrics",
        settings: &[LOG_FORMAT, RUST_LOG, METRICS_ADDR, SERVER_TIMING],
    },
];
