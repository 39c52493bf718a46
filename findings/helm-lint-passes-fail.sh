#!/usr/bin/env bash
# helm lint finds nothing in a chart that can never be rendered, where the template itself refuses.
#
# Versions:   helm-python-sdk 0.2.2 (PyPI), which carries Helm 4.2.3.
# Guess:      lint renders the templates, so what rendering refuses is an error of lint.
# Happens:    lint takes `fail`, and `required` without its value, for empty text: no error, no warning. Rendering the same chart is an
#             error each time. A value of a part that is missing is an error of both.
# Matters:    Charts refuse wrong combinations of values by these two functions. Tests of "each switch, wrong values refused" must render;
#             lint says that all is well.
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
python_packages helm-python-sdk==0.2.2
mkdir -p chart/templates
printf 'apiVersion: v2\nname: chart\nversion: 1.0.0\nicon: https://example.com/icon.svg\n' > chart/Chart.yaml
echo 'replicas: 1' > chart/values.yaml
cat > lint.py <<'PYTHON'
import sys, helm_python
with open("chart/templates/config.yaml", "w") as file:
    file.write("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  value: " + sys.argv[1] + "\n")
errors = helm_python.lint("chart")["errors"]
try:
    helm_python.Chart.load("chart").render()
    rendered = "rendered"
except helm_python.HelmRenderError:
    rendered = "HelmRenderError"
print(len(errors), rendered)
PYTHON
venv/bin/python -c 'import helm_python; print("Helm", helm_python.helm_sdk_version())'
both() { venv/bin/python lint.py "$1" 2> helm.log; } # VALUE: errors of lint, then what rendering says
check "a sound template" "$(both '{{ .Values.replicas | quote }}')" "0 rendered"
check "a value of a part that is missing" "$(both '{{ .Values.part.value }}')" "1 HelmRenderError"
check "fail" "$(both '{{ fail "replicas and autoscaling exclude each other" }}')" "0 HelmRenderError"
check "required" "$(both '{{ required "a host is needed" .Values.host }}')" "0 HelmRenderError"
