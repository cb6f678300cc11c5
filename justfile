# Everyday commands; `just` without arguments lists them.

_default:
    @just --list

# Check formatting, spelling, lints and documentation
check:
    cargo fmt --all --check
    scripts/spelling
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items

# Run the tests on SQLite
test *arguments:
    cargo test --workspace --locked {{ arguments }}

# Run the tests on a temporary PostgreSQL server
test-pg *arguments:
    scripts/with-postgres cargo test --workspace --locked {{ arguments }}

# Run everything that CI runs
ci:
    .ci/run

# Run the service, or one of its commands: just run user list
run *arguments:
    cargo run --release -- {{ arguments }}

# Run migrations through the released sea-orm-cli, which is installed if it is missing
sea-orm-cli command="status":
    command -v sea-orm-cli >/dev/null || cargo install sea-orm-cli@2.0.4 --locked
    sea-orm-cli migrate {{ command }}

# Check use, licences, sources and known vulnerabilities of all dependencies; missing tools are installed
audit:
    scripts/audit --advisories

# Make the files of a release in dist/, from a checkout at its tag, or of any commit: just release --untagged
release *options:
    packaging/release {{ options }}

# Upgrade a database from one binary to another under load, and go back, on SQLite and PostgreSQL
try-upgrade old new:
    scripts/try-upgrade {{ old }} {{ new }}
    scripts/with-postgres scripts/try-upgrade {{ old }} {{ new }}

# Check the deployment files against their schemas and linters, and the service behind proxies
check-deploy:
    deploy/check
    cargo build --release
    deploy/check-proxies target/release/teamnotes

# Check what clients rely on: the OpenAPI document, clients generated from it, and the examples
check-clients:
    cargo build --release --locked
    clients/check target/release/teamnotes

# Check the page for people, also in Chromium on both databases
check-page:
    cargo build --release --locked
    web/check target/release/teamnotes

# Measure how soon the page paints a list, and its frames while 1,000 notes are scrolled
measure-page:
    cargo build --release --locked
    npm ci --prefix web --ignore-scripts --no-audit --no-fund
    scripts/with-service target/release/teamnotes node web/e2e/bench.mjs

# Make the pictures of the page in the README
screenshots:
    cargo build --release --locked
    npm ci --prefix web --ignore-scripts --no-audit --no-fund
    scripts/with-service target/release/teamnotes node web/e2e/screenshots.mjs

# Kill PostgreSQL while eight clients write: no acknowledged write may be lost
kill-postgres *binary:
    scripts/kill-postgres {{ binary }}

# Fail over PostgreSQL under Patroni this many times under load; patroni, etcd-server and python3-psycopg2 have to be installed
failover count="6" *options:
    cargo build --release --locked --package api --bin teamnotes
    bench/growth/failover.py target/release/teamnotes {{ count }} --limit 8 {{ options }}

# Write and read back this many times through three instances with two replicas, at each of several delays
replicas pairs="10000":
    cargo build --release --locked --package api --bin teamnotes
    bench/growth/replicas.py target/release/teamnotes {{ pairs }}

# Kill replicas, cancel their statements and promote them, this many times each, while they serve 1,000 reads a second
replica-failures rounds="5" *options:
    cargo build --release --locked --package api --bin teamnotes
    bench/growth/replica_failures.py target/release/teamnotes {{ rounds }} {{ options }}

# Promote standbys this many times, starting an instance before each promotion, and lose a synchronous standby
standbys promotions="20" *options:
    cargo build --release --locked --package api --bin teamnotes
    bench/growth/standbys.py target/release/teamnotes {{ promotions }} {{ options }}

# Check the API behind PgBouncer in session mode; pgbouncer has to be installed
try-pgbouncer:
    cargo build --release --locked --package api --bin teamnotes
    scripts/with-postgres scripts/try-pgbouncer target/release/teamnotes

# Measure reads while 200 clients log in and as many idle connections as given are open; LOGIN_RATE_LIMIT=on rejects most logins
login-flood connections="0":
    cargo build --release --workspace --bins --example login_flood
    scripts/with-service target/release/teamnotes target/release/examples/login_flood {{ connections }}

# Measure memory while 1,000 clients request large pages and read nothing
slow-readers:
    cargo build --release --workspace --bins --example slow_readers
    scripts/with-service target/release/teamnotes target/release/examples/slow_readers

# Send requests that schemathesis generates from the OpenAPI document, until this many are answered
hostile-requests requests="50000":
    cargo build --release
    scripts/with-service target/release/teamnotes scripts/hostile-requests {{ requests }}

# Check a running instance from outside; its admin is ADMIN_USERNAME, ADMIN_PASSWORD
conformance url:
    scripts/conformance {{ url }}

# Use the documentation page in headless Chromium; screenshots go to a directory, if one is given
try-docs-page *directory:
    cargo build --release
    scripts/with-service target/release/teamnotes scripts/try-docs-page {{ directory }}

# Fuzz a target for some seconds: just fuzz requests::a_cursor_is_accepted_or_rejected. The tool is installed if it is missing
fuzz target seconds="600":
    command -v cargo-bolero >/dev/null || cargo install cargo-bolero --locked --no-default-features
    cargo bolero test --package fuzz --sanitizer NONE --target-dir target/fuzz -E=-entropic=0 -T {{ seconds }}s {{ target }}

# Measure whether the duration of a failed login reveals why it failed
login-times:
    cargo build --release --workspace --bins --example login_times
    scripts/with-service target/release/teamnotes target/release/examples/login_times

# Measure the routes of the release build, on SQLite and on PostgreSQL; wrk has to be installed
bench *options:
    cargo build --release --locked --package api --bin teamnotes
    bench/bench.py target/release/teamnotes {{ options }}
    scripts/with-postgres bench/bench.py target/release/teamnotes {{ options }}

# Measure single functions: just micro-bench case_folding
micro-bench *options:
    cargo bench --locked --package api --bench micro -- {{ options }}

# The same against the build of another revision, with ratios: just bench-against v1.0.0 --rounds 7
bench-against revision *options:
    bench/against {{ revision }} {{ options }}
