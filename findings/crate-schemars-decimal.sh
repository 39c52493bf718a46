#!/usr/bin/env bash
# The JSON Schema that schemars derives for a Decimal accepts what its own type refuses, and refuses what it reads.
#
# Versions:   schemars 1.2.3, rust_decimal 1.43.0 with `serde-str`, serde_json (crates.io).
# Guess:      The schema describes what serde reads and writes: with `serde-str` a string.
# Happens:    "type" is string or number, whatever feature is on. A number, valid by the schema, is refused by the type. A string
#             with a negative exponent ("3E-05", as price sheets write it), refused by the schema's pattern, is read by the type.
# Matters:    Money in an API must not be a float. A client generated from this schema sends numbers and gets 400 from a server
#             that follows its own document.
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
cat >> Cargo.toml <<'EOF'
rust_decimal = { version = "=1.43.0", features = ["serde-str"] }
schemars = { version = "=1.2.3", features = ["rust_decimal1"] }
serde_json = "1"
EOF
cat > src/main.rs <<'EOF'
use rust_decimal::Decimal;

fn main() {
    let schema = schemars::schema_for!(Decimal);
    println!("{}", schema.get("type").unwrap());
    println!("{}", schema.get("pattern").unwrap().as_str().unwrap());
    println!("{}", serde_json::to_string(&Decimal::new(18_600, 3)).unwrap());
    for json in ["18.6", "\"18.6\"", "\"3E-05\""] {
        println!("{}", serde_json::from_str::<Decimal>(json).is_ok());
    }
}
EOF
cargo run -q > ../seen
check "types in the schema" "$(sed -n 1p ../seen)" '["string","number"]'
check "what is written" "$(sed -n 3p ../seen)" '"18.600"'
check "the number 18.6 is read" "$(sed -n 4p ../seen)" false
check 'the text "18.6" is read' "$(sed -n 5p ../seen)" true
pattern=$(sed -n 2p ../seen)
echo "pattern: $pattern"
check 'the text "3E-05" fits the pattern' "$(python3 -c 'import re, sys; print(bool(re.search(sys.argv[1], "3E-05")))' "$pattern")" False
check 'the text "3E-05" is read' "$(sed -n 6p ../seen)" true
