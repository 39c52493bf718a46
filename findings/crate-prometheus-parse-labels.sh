#!/usr/bin/env bash
# A comma, a brace or an equals sign in a label's value cuts the value, drops the sample or the label in the crate prometheus-parse.
#
# Versions:   prometheus-parse 0.2.5 (crates.io).
# Guess:      A parser of the text format reads every valid line, or fails.
# Happens:    The result is Ok each time. "Payments, Cards" becomes "Payments", which is another owner; with a brace the sample is
#             missing; with an equals sign the label is missing; escapes stay escaped.
# Matters:    Series of repositories carry text from outside in their labels (an owner "Payments, Cards"). A tool that sums costs
#             from a scrape by this crate gets a smaller total, and nothing says so.
# Documented: No. The crate calls itself simple.
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
printf 'prometheus-parse = "=0.2.5"\n' >> Cargo.toml
cat > src/main.rs <<'EOF'
fn main() {
    for value in ["Payments", "Payments, Cards", "Payments}Cards", "Payments=Cards", r#"Payments \"Cards\""#, r"Payments\\Cards"] {
        let text = format!("# TYPE cost_usd gauge\ncost_usd{{owner=\"{value}\",team=\"a\"}} 1\n");
        let scrape = prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
        let samples: Vec<_> = scrape.samples.iter().map(|s| format!("{:?} {:?}", s.labels.get("owner"), s.labels.get("team"))).collect();
        println!("{} {}", samples.len(), samples.join(", "));
    }
}
EOF
cargo run -q > ../seen
check "comma" "$(sed -n 2p ../seen)" '1 Some("Payments") Some("a")'
check "brace" "$(sed -n 3p ../seen)" '0 '
check "equals sign" "$(sed -n 4p ../seen)" '1 None Some("a")'
check "escaped backslash" "$(sed -n 6p ../seen)" '1 Some("Payments\\\\Cards") Some("a")'
check "plain" "$(sed -n 1p ../seen)" '1 Some("Payments") Some("a")'
