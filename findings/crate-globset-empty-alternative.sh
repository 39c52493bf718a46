#!/usr/bin/env bash
# An empty alternative in a glob never matches in the crate globset.
#
# Versions:   globset 0.4.22 (crates.io).
# Guess:      "charts{,-dev}/demo" matches charts/demo and charts-dev/demo, as in a shell.
# Happens:    charts/demo is not matched. The pattern compiles without an error. An option, `empty_alternates`, off by default,
#             changes it.
# Matters:    Repositories are chosen by such patterns, for crawls and for cost centres. The one that is left out is missing in
#             silence, and the team's costs are too low.
# Documented: At the option, not where the syntax of {a,b} is described.
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
printf 'globset = { version = "=0.4.22", default-features = false }\n' >> Cargo.toml
cat > src/main.rs <<'EOF'
use globset::GlobBuilder;

fn main() {
    for empty in [false, true] {
        let glob = GlobBuilder::new("charts{,-dev}/demo").empty_alternates(empty).build().unwrap().compile_matcher();
        println!("{} {}", glob.is_match("charts/demo"), glob.is_match("charts-dev/demo"));
    }
}
EOF
cargo run -q > ../seen
check "charts/demo, charts-dev/demo as built by default" "$(sed -n 1p ../seen)" "false true"
check "charts/demo, charts-dev/demo with the option" "$(sed -n 2p ../seen)" "true true"
check "what bash makes of it" "$(echo charts{,-dev}/demo)" "charts/demo charts-dev/demo"
