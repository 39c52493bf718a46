#!/usr/bin/env bash
# promtool passes a test that an alert stays quiet, though no such alert exists, or no rule file at all.
#
# Versions:   prometheus 2.42.0+ds-5+deb12u1 (Debian 12; it has promtool).
# Guess:      `promtool test rules` says that it does not know the alert, and that a rule file is missing.
# Happens:    Where no alert is expected, a misspelt name passes: SUCCESS, status 0, no message. With a rule file that is missing it
#             passes too, with one WARNING. A case that does not say what is expected expects no alert.
# Matters:    Half of the tests of budgets say "this alert does not fire". After an alert is renamed these tests pass for ever.
#             Names in tests must be compared with names in rules by another check.
# Documented: No.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
debian() { # NAME=VERSION ...: unpacks Debian packages here, installs nothing
  apt-get download -qq "$@" 2>apt.log || { cat apt.log >&2; exit 2; }
  for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
debian prometheus=2.42.0+ds-5+deb12u1
promtool() { "$work/usr/bin/promtool" "$@"; }
promtool --version | head -1
cat > rules.yml <<'YAML'
groups:
  - name: costs
    rules:
      - alert: BudgetExceeded
        expr: cost_usd > 100
YAML
cases() { # RULES ALERT [WHAT IS EXPECTED]
  cat > tests.yml <<YAML
rule_files: [$1]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{series: cost_usd, values: 200x60}]
    alert_rule_test:
      - {eval_time: 30m, alertname: $2${3:-}}
YAML
  local status=0
  promtool test rules tests.yml > out 2>&1 || status=$?
  echo "$status $(grep -oE 'SUCCESS|FAILED|WARNING' out | sort | paste -sd' ')"
}
check "the alert fires, and is expected to be quiet" "$(cases rules.yml BudgetExceeded ', exp_alerts: []')" "1 FAILED"
check "a misspelt alert" "$(cases rules.yml BudgetExceded ', exp_alerts: []')" "0 SUCCESS"
check "a misspelt alert, no expected alerts" "$(cases rules.yml BudgetExceded)" "0 SUCCESS"
check "no rule file" "$(cases 'gone.yml' BudgetExceeded ', exp_alerts: []')" "0 SUCCESS WARNING"
