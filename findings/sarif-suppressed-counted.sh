#!/usr/bin/env bash
# Two readers of SARIF count findings that were accepted, and those that are gone, as failures.
#
# Versions:   sarif-tools 3.0.5 (PyPI), sarif-junit 1.1.4 (npm).
# Guess:      A result with an accepted suppression, or with baselineState "absent" (it was in the last run and is not in this one), does
#             not fail a check. A result without a level has its rule's.
# Happens:    Both count accepted and absent results as errors like any other; `sarif --check error` exits with their number. sarif-junit
#             passes a result that leaves its level to the rule. Only "pass" is understood by both.
# Matters:    A check in CI that may be overruled by people is overruled by suppressions. And a report imported from a scanner says "known
#             findings now": accepted ones and those of the last run are not that.
# Documented: sarif-tools can filter by suppression, if told to; that it counts them without, no.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
}
npm_packages() { # NAME@VERSION ...: into node_modules of this folder
  echo '{"private": true}' > package.json
  npm install --silent --no-fund --no-audit "$@"
}
python_packages sarif-tools==3.0.5
npm_packages sarif-junit@1.1.4
venv/bin/sarif --version
jq -r '"sarif-junit \(.version)"' node_modules/sarif-junit/package.json
report() { # NAME MEMBERS: a report of one result with these members, of a rule of level "error"
  jq -n --argjson members "$2" '{version: "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", runs: [{
    tool: {driver: {name: "scanner", rules: [{id: "CVE-2026-1", defaultConfiguration: {level: "error"}}]}},
    results: [{ruleId: "CVE-2026-1", ruleIndex: 0, message: {text: "openssl"},
      locations: [{physicalLocation: {artifactLocation: {uri: "library/app"}, region: {startLine: 1}}}]} + $members]}]}' > "$1.sarif"
}
report plain '{"level": "error"}'
report by-rule '{}'
report accepted '{"level": "error", "suppressions": [{"kind": "external", "status": "accepted", "justification": "not reached"}]}'
report absent '{"level": "error", "baselineState": "absent"}'
report passed '{"level": "none", "kind": "pass"}'
failures() { # NAME: the exit status of sarif-tools, the failures of sarif-junit
  local status=0
  venv/bin/sarif --check error summary "$1.sarif" > summary.txt 2>&1 || status=$?
  node_modules/.bin/sarif-junit -i "$1.sarif" -o junit.xml > junit.txt
  echo "$status $(sed -n 's/.*<testsuites .*failures="\([0-9]*\)".*/\1/p' junit.xml)"
}
check "a finding: exit status of sarif-tools, failures of sarif-junit" "$(failures plain)" "1 1"
check "a finding whose level is its rule's" "$(failures by-rule)" "1 0"
check "a finding that was accepted" "$(failures accepted)" "1 1"
check "a finding that is absent in this run" "$(failures absent)" "1 1"
check "a result that passed" "$(failures passed)" "0 0"
