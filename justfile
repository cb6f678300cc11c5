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

# Licences, sources and known vulnerabilities of all dependencies; the tool is installed when it is missing
deny:
    command -v cargo-deny >/dev/null || cargo install cargo-deny --locked
    cargo deny check

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
