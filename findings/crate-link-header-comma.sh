#!/usr/bin/env bash
# A comma in the address of a Link header splits it in the crate parse_link_header: the next page is the piece behind it.
#
# Versions:   parse_link_header 0.4.1 (crates.io).
# Guess:      What stands between "<" and ">" is one address; commas separate links only outside.
# Happens:    "<https://r/v2/_catalog?last=a,b>; rel="next"" is read without an error as two links: one without a relation to
#             "…last=a", and "next" to the relative address "b".
# Matters:    Registries choose their cursors freely. One with a comma sends the crawl to a wrong address, or ends the listing early, and
#             the remaining repositories are not counted.
# Documented: No.
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
printf 'parse_link_header = "=0.4.1"\n' >> Cargo.toml
cat > src/main.rs <<'EOF'
fn main() {
    for address in ["https://r/v2/_catalog?last=a%2Cb", "https://r/v2/_catalog?last=a,b"] {
        let links = parse_link_header::parse(&format!("<{address}>; rel=\"next\"")).unwrap();
        println!("{} {}", links.len(), links[&Some("next".to_owned())].raw_uri);
    }
}
EOF
cargo run -q > ../seen
check "links and next page, comma as %2C" "$(sed -n 1p ../seen)" "1 https://r/v2/_catalog?last=a%2Cb"
check "links and next page, comma as it is" "$(sed -n 2p ../seen)" "2 b"
