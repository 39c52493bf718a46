#!/usr/bin/env bash
# focus-validator, the FinOps Foundation's check of FOCUS files, takes an account id of digits for a number.
#
# Versions:   focus-validator 1.0.0, multimethod 1.12 (PyPI; version 2 of the latter lacks a name that the former imports).
# Guess:      BillingAccountId is a string in the specification, so any text in the CSV is one; a period that ends before it begins is
#             found; a pipeline can go by the exit status.
# Happens:    "123456789012", the form of every AWS account, fails BillingAccountId_IsString, and so does any id of digits: the CSV is read
#             with guessed types. "acme-1" passes. A charge period that ends a month before it begins passes. USD fails as a
#             currency, since the list of currencies is opened relative to the working folder. The exit status is 0 whether rules
#             fail or not.
# Matters:    A correct export of a registry on AWS is called wrong, a wrong one right, and a job that checks neither fails.
# Documented: No.
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
python_packages focus-validator==1.0.0 multimethod==1.12
header=BillingAccountId,BilledCost,ChargePeriodStart,ChargePeriodEnd,ChargeCategory
rules() { # FILE ROW: the rules about these columns that fail; the missing columns of this small file fail too and are left out
  printf '%s\n%s\n' "$header" "$2" > "$1.csv"
  status=0
  venv/bin/focus-validator --data-file "$1.csv" --validate-version 1.0 > "$1.txt" 2>&1 || status=$?
  sed -n 's/ failed:$//p' "$1.txt" | grep -v _Required | paste -sd' '
}
named=$(rules named 'acme-1,1.5,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,Usage' || true)
digits=$(rules digits '123456789012,1.5,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,Usage' || true)
ends_first=$(rules ends_first 'acme-1,1.5,2026-11-01T00:00:00Z,2026-10-01T00:00:00Z,Usage' || true)
check "rules that an account of letters fails" "$named" ""
check "rules that an account of digits fails" "$digits" "BillingAccountId_IsString"
check "rules that a period fails that ends before it begins" "$ends_first" ""
printf 'BillingCurrency\nUSD\n' > currency.csv
venv/bin/focus-validator --data-file currency.csv --validate-version 1.0 > currency.txt 2>&1 || true
check "what fails about USD, outside the package's folder" "$(grep -A3 BillingCurrency_IsCurrencyCode currency.txt | sed -n 's/.*values: //p')" 'FileNotFoundError("2")'
grep -q 'Validation failed' digits.txt
status=0
venv/bin/focus-validator --data-file digits.csv --validate-version 1.0 > again.txt 2>&1 || status=$?
check "exit status when the validation failed" "$status" 0
