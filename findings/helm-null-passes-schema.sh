#!/usr/bin/env bash
# A null passes a Helm chart's schema where the value has a default, and the template gets nothing.
#
# Versions:   helm-python-sdk 0.2.2 (PyPI), which carries Helm 4.2.3.
# Guess:      values.schema.json with "type": "integer", "minimum": 1 refuses null as it refuses "3" and 0.
# Happens:    null removes the default before the schema is asked, so there is no value to refuse: `replicas: ` is rendered. Where the chart
#             has no default, the same null is refused. "required" in the schema refuses both.
# Matters:    A key left empty in a values file is null. A chart whose schema has types and limits for each value still renders without
#             them, and the server's own default holds. Each value with a default must be "required" too.
# Documented: That null removes a default is; what this does to the schema, no.
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
cat > render.py <<'PYTHON'
import json, os, sys, helm_python
default, required, values = sys.argv[1:]
os.makedirs("chart/templates", exist_ok=True)
schema = {"type": "object", "properties": {"replicas": {"type": "integer", "minimum": 1}}}
if required == "required":
    schema["required"] = ["replicas"]
files = {"Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n", "values.yaml": default, "values.schema.json": json.dumps(schema),
         "templates/app.yaml": "replicas: {{ .Values.replicas }}"}
for name, content in files.items():
    with open("chart/" + name, "w") as file:
        file.write(content)
try:
    print(*helm_python.Chart.load("chart").render(json.loads(values)).values())
except helm_python.HelmValuesError:
    print("HelmValuesError")
PYTHON
venv/bin/python -c 'import helm_python; print("Helm", helm_python.helm_sdk_version())'
render() { venv/bin/python render.py "$@" | sed 's/ *$//'; } # DEFAULTS required|optional VALUES
check "3" "$(render 'replicas: 2' optional '{"replicas": 3}')" "replicas: 3"
check "0" "$(render 'replicas: 2' optional '{"replicas": 0}')" HelmValuesError
check "null, with a default" "$(render 'replicas: 2' optional '{"replicas": null}')" "replicas:"
check "null, without a default" "$(render '{}' optional '{"replicas": null}')" HelmValuesError
check "null, with a default and required" "$(render 'replicas: 2' required '{"replicas": null}')" HelmValuesError
