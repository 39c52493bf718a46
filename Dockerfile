# An image with one static program and the certificates it trusts: no shell, no package manager, no C library.
#
#     docker build --tag tare .
#
# 27.6 MB: 27.3 for the program (built for musl and stripped, 2026-11-23), the rest certificates. opt-level "z" would
# make it smaller and slower. Without the embedded database: containers use a PostgreSQL server (docker-compose.yml).

# ------------------------------------------------------------------------------------------ build

# Rust on Alpine compiles for musl, so the program is static.
FROM rust:1.95.0-alpine AS build
# ring compiles C; nothing else does.
RUN apk add --no-cache musl-dev gcc ca-certificates
WORKDIR /tare

# Dependencies are a layer of their own, built with empty sources: compiled again only when Cargo.lock changes.
COPY Cargo.toml Cargo.lock build.rs ./
RUN mkdir -p src tests/bench \
    && touch src/lib.rs tests/main.rs tests/bench/main.rs \
    && echo 'fn main() {}' > src/main.rs \
    && cargo build --release --locked --no-default-features \
    && rm -r src tests

# Queries are checked against .sqlx, so building needs no database.
COPY .cargo .cargo
COPY .sqlx .sqlx
COPY migrations migrations
COPY config config
COPY src src
# Cargo compares modification times, and these sources may be older than the empty ones.
RUN find src build.rs -exec touch {} + \
    && cargo build --release --locked --no-default-features \
    && strip target/release/tare

# ------------------------------------------------------------------------------------------ the image

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /tare/target/release/tare /usr/local/bin/tare
# An unprivileged user, by number, because there is no /etc/passwd.
USER 65534:65534
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    PATH=/usr/local/bin
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["tare", "ready"]
ENTRYPOINT ["tare"]
CMD ["serve"]
