#!/usr/bin/env bash
# In the night when clocks change, "30 2,14 * * *" is left out or runs twice in the crate croner; "30 2 * * *" is not.
#
# Versions:   croner 4.0.3, chrono 0.4.45, chrono-tz 0.10.4 (crates.io).
# Guess:      An hour in a list is treated as the same hour alone. Cron in Debian runs a job of a fixed time once in both nights.
# Happens:    A list (or a range) makes the whole expression an interval. In spring its 02:30 does not run at all, while "30 2"
#             runs at 03:00; in autumn its 02:30 runs twice, while "30 2" runs once.
# Matters:    A crawl scheduled for 02:30 and 14:30 is missing on one day a year and doubled on another, only in some time zones.
# Documented: Not so. The README counts "specific numerical values" as fixed times and only wildcards and steps as intervals.
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
chrono = { version = "=0.4.45", default-features = false, features = ["clock"] }
chrono-tz = "=0.10.4"
croner = "=4.0.3"
EOF
cat > src/main.rs <<'EOF'
use chrono::TimeZone;
use std::str::FromStr;

fn main() {
    for (month, day) in [(3, 29), (10, 25)] {
        for expression in ["30 2 * * *", "30 2,14 * * *"] {
            let start = chrono_tz::Europe::Berlin.with_ymd_and_hms(2026, month, day - 1, 23, 0, 0).unwrap();
            let end = chrono_tz::Europe::Berlin.with_ymd_and_hms(2026, month, day, 12, 0, 0).unwrap();
            let cron = croner::Cron::from_str(expression).unwrap();
            let times: Vec<_> = cron.iter_after(start).take_while(|time| *time < end).map(|time| time.format("%H:%M%:z").to_string()).collect();
            println!("{expression} before noon: {}", times.join(" "));
        }
    }
}
EOF
cargo run -q > ../seen
check "29 March, one hour" "$(sed -n 1p ../seen)" "30 2 * * * before noon: 03:00+02:00"
check "29 March, a list" "$(sed -n 2p ../seen)" "30 2,14 * * * before noon: "
check "25 October, one hour" "$(sed -n 3p ../seen)" "30 2 * * * before noon: 02:30+02:00"
check "25 October, a list" "$(sed -n 4p ../seen)" "30 2,14 * * * before noon: 02:30+02:00 02:30+01:00"
