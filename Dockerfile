# docker build --tag teamnotes --build-arg TEAMNOTES_COMMIT="$(git rev-parse HEAD)" .
# docker run --read-only --volume teamnotes:/var/lib/teamnotes --publish 127.0.0.1:3001:3001 teamnotes
ARG RUST_VERSION=1.95.0

FROM rust:${RUST_VERSION}-slim-trixie AS build
WORKDIR /build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# Build the dependencies with empty crates first, so that this layer is reused until a manifest
# changes. rust-toolchain.toml is not copied: this image is the toolchain, without clippy and rustfmt.
COPY .cargo/config.toml .cargo/
COPY Cargo.toml Cargo.lock ./
COPY api/Cargo.toml api/
COPY api/macros/Cargo.toml api/macros/
COPY entity/Cargo.toml entity/
COPY fuzz/Cargo.toml fuzz/
COPY migration/Cargo.toml migration/
COPY service/Cargo.toml service/
COPY testkit/Cargo.toml testkit/
RUN for member in api api/macros entity fuzz migration service testkit; do \
        mkdir "$member/src" && touch "$member/src/lib.rs" || exit 1; \
    done \
    && echo 'fn main() {}' > api/src/main.rs \
    && cp api/src/main.rs migration/src/main.rs \
    && cargo build --release --locked --package api --bin teamnotes

COPY web/dist web/dist/
COPY api/build.rs api/
COPY api/src api/src/
COPY api/macros/src api/macros/src/
COPY entity/src entity/src/
COPY migration/src migration/src/
COPY service/src service/src/
# What `teamnotes --version` says: there is no checkout here.
ARG TEAMNOTES_COMMIT SOURCE_DATE_EPOCH
# Copied files keep their timestamps; cargo would consider those older than the build above up to date.
RUN find . -path ./target -prune -o -name '*.rs' -exec touch {} + \
    && cargo build --release --locked --package api --bin teamnotes

# All that the binary needs: the shared libraries that it names, and a user with a directory.
COPY deploy/image /image/
# Whatever the umask of the checkout is, the service's user has to read these files.
RUN chmod -R u=rwX,go=rX /image/etc && mkdir --parents /image/tmp /image/var/lib \
    && ldd target/release/teamnotes | grep --only-matching '/[^ ]*' \
        | xargs cp --parents --dereference --target-directory=/image \
    && chmod 1777 /image/tmp \
    && install --directory --mode 0700 /home-of/teamnotes

# packaging/image makes the image of a release by this stage, from a binary that needs no libraries.
FROM scratch
LABEL org.opencontainers.image.title="Teamnotes" \
      org.opencontainers.image.description="A self-hosted REST service for notes, teams and reading lists" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"

COPY --from=build /image/ /
# A fixed uid, so that the owner of the volume is the same in every build.
COPY --from=build --chown=10001:10001 /home-of/ /var/lib/
COPY --from=build /build/target/release/teamnotes /usr/local/bin/teamnotes

USER 10001:10001
# The default database is data/teamnotes.db in here. DATABASE_URL is not set, since it can't be
# combined with DATABASE_URL_FILE.
WORKDIR /var/lib/teamnotes
ENV HOST=0.0.0.0
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/teamnotes", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/teamnotes"]
CMD ["serve"]
