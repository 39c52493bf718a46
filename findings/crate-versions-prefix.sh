#!/usr/bin/env bash
# The crate versions puts v2.0.0 before 1.0.0, and a variant of a tag after it or before it by the number of its parts.
#
# Versions:   versions 8.0.1 (crates.io).
# Guess:      Versioning reads tags as people write them: a leading "v" changes nothing, and "-alpine" is the same step to every version.
# Happens:    Each tag with a "v" is older than each without. "1.25-alpine" is newer than "1.25", "1.25.3-alpine" older than "1.25.3": three
#             parts are read by SemVer, two by another type. Nothing is refused.
# Matters:    "Keep the newest two" deletes the newest release of a repository that added or dropped the "v" once, and keeps the variant of one
#             tag in the place of another.
# Documented: The three types are, with examples; not how a "v" is ordered.
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
printf 'versions = "=8.0.1"\n' >> Cargo.toml
cat > src/main.rs <<'RUST'
use versions::Versioning;

fn main() {
    let mut versions: Vec<Versioning> = std::env::args().skip(1).map(|tag| Versioning::new(tag).expect("a version")).collect();
    versions.sort();
    println!("{}", versions.iter().map(Versioning::to_string).collect::<Vec<_>>().join(" < "));
}
RUST
cargo build -q
oldest_first() { "$work/target/debug/probe" "$@"; }
check "without a prefix" "$(oldest_first 1.10.0 1.9.0 2.0.0)" "1.9.0 < 1.10.0 < 2.0.0"
check "with a prefix for some" "$(oldest_first v1.0.0 v2.0.0 1.0.0 0.1.0)" "v1.0.0 < v2.0.0 < 0.1.0 < 1.0.0"
check "a variant of two parts" "$(oldest_first 1.25 1.25-alpine)" "1.25 < 1.25-alpine"
check "a variant of three parts" "$(oldest_first 1.25.3 1.25.3-alpine)" "1.25.3-alpine < 1.25.3"
