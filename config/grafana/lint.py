"""Says what is wrong with the dashboards, as far as that can be said without a Grafana.

    python3 config/grafana/lint.py [--schema dashboard.jsonschema.json]

The rules are those of Grafana's dashboard-linter, which is a program in Go, and some of our own. Expressions
are parsed by promtool (Debian's package prometheus), as Prometheus would. The schema is the file of that name
in grafana/grafana-foundation-sdk; it is too large to keep here, and checking against it needs jsonschema.
That the queries give the right answers is tests/observability.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

from grafana_foundation_sdk.models import units

HERE = pathlib.Path(__file__).parent
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
VARIABLES = {"$__rate_interval": "5m", "$job": "tare", "$instance": "a:1", "$registry": "a"}
SELECTOR = re.compile(r"\b((?:tare|process)_[a-z0-9_]+)(\{[^}]*\})?")
VIEW = re.compile(r"\b(?:FROM|JOIN)\s+(?!\()([a-z_.]+)", re.IGNORECASE)


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--schema", type=pathlib.Path)
    schema = arguments.parse_args().schema
    faults = []
    files = sorted((HERE / "dashboards").glob("*.json"))
    for file in files:
        dashboard = json.loads(file.read_text())
        found = [*whole(dashboard), *panels(dashboard), *expressions(dashboard)]
        if schema:
            found += by_schema(dashboard, json.loads(schema.read_text()))
        faults += [f"{file.name}: {fault}" for fault in found]
    print("\n".join(faults) or f"{len(files)} dashboards are sound")
    return 1 if faults or not files else 0


def whole(dashboard):
    for key in ("uid", "title", "description", "tags", "time", "refresh", "links"):
        if not dashboard.get(key):
            yield f"has no {key}"
    if dashboard.get("editable") is not False:
        yield "is editable, though provisioning would undo every edit"
    if dashboard.get("timezone") != "utc":
        yield "does not show UTC, in which months are billed"
    variables = dashboard["templating"]["list"]
    if variables[0]["type"] != "datasource":
        yield "does not start with a choice of datasource"
    for variable in variables:
        for key in ("label", "description", "current"):
            if not variable.get(key):
                yield f"variable {variable['name']} has no {key}"


def panels(dashboard):
    names, places, numbers = set(), [], set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        here = (place["x"], place["y"], place["x"] + place["w"], place["y"] + place["h"])
        if here[2] > 24:
            yield f"{panel['title']!r} is wider than the page"
        if any(overlap(here, there) for there in places):
            yield f"{panel['title']!r} lies over another panel"
        places.append(here)
        if panel["id"] in numbers:
            yield f"{panel['title']!r} has another panel's id"
        numbers.add(panel["id"])
        if panel["type"] == "row":
            continue
        name = panel.get("title")
        if not name or name in names:
            yield f"panel {panel['id']} has no title of its own"
        names.add(name)
        if len(panel.get("description", "")) < 20:
            yield f"{name!r} has no description worth the name"
        if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield f"{name!r} has no unit that Grafana knows"
        for override in panel["fieldConfig"]["overrides"]:
            for setting in override["properties"]:
                if setting["id"] == "unit" and setting["value"] not in UNITS:
                    yield f"{name!r} has a column whose unit Grafana does not know"
        targets = panel.get("targets") or []
        if not targets:
            yield f"{name!r} asks nothing"
        if len({target["refId"] for target in targets}) != len(targets):
            yield f"{name!r} has two queries of one name"
        for target in targets:
            if target["datasource"]["uid"] != "${datasource}":
                yield f"{name!r} does not ask the chosen datasource"


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def expressions(dashboard):
    rules = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets") or []:
            name = f"{panel['title']!r} {target['refId']}"
            if "rawSql" in target:
                for view in VIEW.findall(target["rawSql"]):
                    if not view.startswith("finance.v_"):
                        yield f"{name} reads {view}, which is no view of the contract"
                continue
            expression = target["expr"]
            for metric, labels in SELECTOR.findall(expression):
                if 'job=~"$job"' not in labels or 'instance=~"$instance"' not in labels:
                    yield f"{name}: {metric} is not narrowed down to the chosen job and instance"
                counter = metric.endswith(("_total", "_bucket", "_count", "_sum"))
                if counter and not re.search(rf"(rate|increase)\({metric}\b", expression):
                    yield f"{name}: {metric} is a counter, whose level means nothing"
            for window in re.findall(r"\[([^\]]+)\]", expression):
                if window != "$__rate_interval":
                    yield f"{name}: a rate over {window} instead of $__rate_interval"
            rules.append(filled(expression))
    yield from unparsable(rules)


def filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def unparsable(expressions):
    """What promtool says of rules made of these expressions."""
    rules = [{"record": f"check:{number}", "expr": text} for number, text in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        # JSON is YAML.
        json.dump({"groups": [{"name": "check", "rules": rules}]}, file)
        file.flush()
        ran = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    if ran.returncode:
        yield ran.stdout + ran.stderr


def by_schema(dashboard, schema):
    import jsonschema

    # The generator of the schema writes "anything" as "an object"; a unit and a field's name are texts.
    schema["definitions"]["DynamicConfigValue"]["properties"]["value"] = {}
    schema["definitions"]["MatcherConfig"]["properties"]["options"] = {}
    for error in jsonschema.Draft7Validator(schema).iter_errors(dashboard):
        # Of "neither a panel nor a row" the reason lies deepest.
        while error.context:
            error = max(error.context, key=lambda cause: len(cause.absolute_path))
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


if __name__ == "__main__":
    sys.exit(main())
