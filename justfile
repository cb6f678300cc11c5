# The commands of every day; `just` alone lists them.

_default:
    @just --list

# Format, lints and documentation, without running anything
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --document-private-items

# The tests on SQLite
test *arguments:
    cargo test --workspace --locked {{ arguments }}

# The tests on a PostgreSQL that lives as long as they do
test-pg *arguments:
    scripts/with-postgres cargo test --workspace --locked {{ arguments }}

# All that CI runs
ci:
    .ci/run

# The service, or another command of it: just run user list
run *arguments:
    cargo run --release -- {{ arguments }}

# The migrations through the released sea-orm-cli, which is installed when it is missing
sea-orm-cli command="status":
    command -v sea-orm-cli >/dev/null || cargo install sea-orm-cli@2.0.4 --locked
    sea-orm-cli migrate {{ command }}

# Licences, sources and known vulnerabilities of all dependencies; the tools are installed when they are missing
audit:
    scripts/audit --advisories

# A bill of materials (CycloneDX, api/api.cdx.json) of the binary; the tool is installed when it is missing
sbom:
    command -v cargo-cyclonedx >/dev/null || cargo install cargo-cyclonedx --locked
    cargo cyclonedx --manifest-path api/Cargo.toml --format json --override-filename api.cdx

# The deployment files, against their schemas and linters
check-deploy:
    deploy/check

# The image's steps without a container engine, as root: just rehearse-image target/release/teamnotes
rehearse-image *binary:
    deploy/rehearse {{ binary }}

# PostgreSQL killed under the service while eight write: nothing acknowledged may be lost
kill-postgres *binary:
    scripts/kill-postgres {{ binary }}

# What is left of reading while 200 log in, and so many connections are open for nothing; LOGIN_RATE_LIMIT=on refuses most
login-flood connections="0":
    cargo build --release --workspace --bins --example login_flood
    scripts/with-service target/release/teamnotes target/release/examples/login_flood {{ connections }}

# What schemathesis makes of the OpenAPI document, until so many requests are answered
hostile-requests requests="50000":
    cargo build --release
    scripts/with-service target/release/teamnotes scripts/hostile-requests {{ requests }}

# Fuzzing, for some seconds: just fuzz requests::a_cursor_is_accepted_or_rejected. The tool is installed when it is missing
fuzz target seconds="600":
    command -v cargo-bolero >/dev/null || cargo install cargo-bolero --locked --no-default-features
    cargo bolero test --package fuzz --sanitizer NONE --target-dir target/fuzz -E=-entropic=0 -T {{ seconds }}s {{ target }}

# Whether the time of a failed login tells why it failed
login-times:
    cargo build --release --workspace --bins --example login_times
    scripts/with-service target/release/teamnotes target/release/examples/login_times
