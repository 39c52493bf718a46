#!/usr/bin/env bash
# One challenge that the crate http-auth cannot read loses all the others of the header.
#
# Versions:   http-auth 0.1.10 (crates.io).
# Guess:      A client finds Basic in a WWW-Authenticate header whatever stands beside it: challenges are independent.
# Happens:    "Negotiate TOKEN=, Basic …", a valid header (the token is the form of RFC 9110 for Negotiate), gives an error and no
#             challenge at all. So does a realm with a letter beyond ASCII, which the grammar of quoted strings allows.
# Matters:    Behind such a proxy credentials are never sent, although the registry asks for Basic, and the user is told to give
#             credentials that he gave.
# Documented: The crate says that it does not support the token form; not that its neighbours are lost with it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
# rustup keeps its toolchains in the account's home folder, whatever HOME says.
export RUSTUP_HOME=${RUSTUP_HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)/.rustup}
export CARGO_HOME=$work/cargo CARGO_TARGET_DIR=$work/target CARGO_TERM_PROGRESS_WHEN=never
cargo new -q --vcs none probe
cd probe
printf 'http-auth = { version = "=0.1.10", default-features = false }\n' >> Cargo.toml
cat > src/main.rs <<'EOF'
fn main() {
    for header in [
        r#"Negotiate, Basic realm="acme""#,
        r#"Negotiate YIIB=, Basic realm="acme""#,
        r#"Basic realm="Straße""#,
    ] {
        match http_auth::parse_challenges(header) {
            Ok(challenges) => println!("{}", challenges.iter().map(|c| c.scheme).collect::<Vec<_>>().join(" ")),
            Err(_) => println!("error"),
        }
    }
}
EOF
cargo run -q > ../seen
check "schemes of: Negotiate, Basic" "$(sed -n 1p ../seen)" "Negotiate Basic"
check "schemes of: Negotiate TOKEN=, Basic" "$(sed -n 2p ../seen)" "error"
check 'schemes of: Basic realm="Straße"' "$(sed -n 3p ../seen)" "error"
