"""Runs all checks of the chart: python -m checks FOLDER, with the folder that `config/helm/check` installed packages in."""

import pathlib
import re
import sys
import tempfile
import tomllib

import helm_python as helm
import yaml

from . import mutations, refusals, rules, schemas, value_sets
from .chart import CHART, CONFIG, FOLDER, LEAVES, merged, objects, texts


class Findings:
    """What is wrong, and which objects were looked at."""

    def __init__(self):
        self.faults = []
        self.sets = 0
        self.seen = {}

    def look(self, name, values, release="tare"):
        """Renders the chart with these values, and checks what comes out. Returns the text."""
        self.sets += 1
        try:
            rendered = texts(values, release)
        except helm.HelmError as error:
            self.faults.append(f"{name}: {error}")
            return {}
        found = objects(rendered)
        self.faults += [f"{name}: {fault}" for fault in rules.faults(found)]
        for item in found:
            # Equal texts are one object.
            if id(item) not in self.seen:
                self.seen[id(item)] = item
                if item["apiVersion"] not in schemas.CUSTOM:
                    self.faults += [f"{name}: {item['kind']} {fault}" for fault in schemas.faults(item)]
        return rendered


def value_faults(findings):
    """Every set of values is rendered; every value has an effect."""
    findings.look("defaults", {})
    effects = [*value_sets.examples(), *value_sets.choices()]
    for name, before, after in effects:
        if findings.look(name, after) == texts(before):
            yield f"{name}: changes nothing"
    for name, values in [*value_sets.combinations(), *value_sets.documented()]:
        findings.look(name, values)
    for release in ("a", "tare-production", "2024", "reg.costs", "x" * 53):
        findings.look(f"release {release}", merged(value_sets.NEEDED, {"dashboards": {"enabled": True}}), release)
    documented = len([*value_sets.documented()])
    if documented < 6:
        yield f"the documentation shows only {documented} sets of values"


def refusal_faults():
    """Every wrong value is refused, with its place and the reason."""
    for values, wanted in [*refusals.REFUSED, *refusals.nulls()]:
        try:
            texts(values)
            yield f"{values} is accepted"
        except helm.HelmError as error:
            if wanted not in str(error):
                yield f"{values} is refused with {str(error)!r}, without {wanted!r}"


def setting_faults():
    """Every setting of config/tare.toml arrives in the pods as the values have it, but secrets are refused."""
    settings = value_sets.all_settings()
    secrets = [("store", "database_url")]
    for section, tables in settings.items():
        for table in tables if isinstance(tables, list) else [tables]:
            secrets += [(section, key) for key, value in table.items() if value == "…"]
    secrets.append(("notification", "url"))
    own = [("serve", name) for name in ("listen", "role", "tls_certificate", "tls_key")]
    own += [("store", name) for name in ("data_dir", "database_url_file")]
    for section, name in [*secrets, *own]:
        tables = settings[section] if isinstance(settings[section], list) else [settings[section]]
        value = [table.pop(name) for table in tables if name in table][0]
        alone = {name: value}
        try:
            texts({"config": {section: [alone] if isinstance(settings[section], list) else alone}})
            yield f"config.{section}.{name} is accepted, which is a secret or the chart's own"
        except helm.HelmRenderError:
            pass
    if len(secrets) < 5:
        yield f"config/tare.toml has only the secrets {secrets}"
    rendered = objects(texts({"config": settings, "files": {"a.toml": "x = 1\n"}}))
    config = next(item for item in rendered if item["kind"] == "ConfigMap")["data"]
    arrived = tomllib.loads(config["tare.toml"])
    for section, wanted in settings.items():
        if not same(wanted, arrived.get(section)):
            yield f"config.{section}: {wanted} arrives as {arrived.get(section)}"


def same(wanted, arrived) -> bool:
    """Whether Tare reads the same. A whole number may replace a float (1 for 1.0), but not the other way round."""
    if isinstance(wanted, dict) and isinstance(arrived, dict):
        return wanted.keys() == arrived.keys() and all(same(wanted[name], arrived[name]) for name in wanted)
    if isinstance(wanted, list) and isinstance(arrived, list):
        return len(wanted) == len(arrived) and all(map(same, wanted, arrived))
    kept = type(wanted) is type(arrived) or (isinstance(wanted, float) and type(arrived) is int)
    return wanted == arrived and kept


def same_file_faults():
    """Alert rules and dashboards are those of config/prometheus and config/grafana, in the package, too."""
    values = {"prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}}
    rendered = texts(values)
    found = objects(rendered)
    wanted = yaml.safe_load((CONFIG / "prometheus/tare-alerts.yml").read_text())
    if [item["spec"] for item in found if item["kind"] == "PrometheusRule"] != [wanted]:
        yield "PrometheusRule: not the rules of config/prometheus/tare-alerts.yml"
    files = {file.name: file.read_text() for file in (CONFIG / "grafana/dashboards").glob("*.json")}
    maps = [item["data"] for item in found if item["kind"] == "ConfigMap" and "-dashboard-" in item["metadata"]["name"]]
    if not files or {name: text.rstrip("\n") for data in maps for name, text in data.items()} != {
        name: text.rstrip("\n") for name, text in files.items()
    }:
        yield "ConfigMaps: not the dashboards of config/grafana/dashboards"
    with tempfile.TemporaryDirectory() as folder:
        archive = pathlib.Path(helm.package(FOLDER, destination=folder)).read_bytes()
    with helm.Chart.load_archive(archive) as package:
        if texts(values, chart=package) != rendered:
            yield "the package renders something else than the folder"


def chart_faults():
    """Helm's own linter, and the version of the program."""
    for message in helm.lint(FOLDER, strict=True)["messages"]:
        if message["severity"] > 1:
            yield f"lint: {message['path']}: {message['error']}"
    version = re.search(r'^version = "(.+)"$', (CONFIG.parent / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    if CHART.metadata["appVersion"] != version:
        yield f"Chart.yaml: appVersion is not {version}, as in Cargo.toml"
    for path, schema in LEAVES.items():
        if not schema["description"].endswith((".", ")")):
            yield f"values.schema.json: {'.'.join(path)} has no description of whole sentences"


def main(tools) -> int:
    findings = Findings()
    faults = [*chart_faults(), *value_faults(findings), *refusal_faults(), *setting_faults(), *same_file_faults()]
    faults += findings.faults
    custom = [item for item in findings.seen.values() if item["apiVersion"] in schemas.CUSTOM]
    faults += schemas.custom_faults(tools, custom)
    if not faults:
        _, everything = next(value_sets.combinations())
        faults += mutations.faults(objects(texts(everything | {"stopped": False})), tools)
    if faults:
        print("\n".join(dict.fromkeys(faults)))
        return 1
    refused = len(refusals.REFUSED) + len([*refusals.nulls()])
    print(
        f"the chart is sound: {findings.sets} sets of values rendered, {len(findings.seen)} different objects valid "
        f"for Kubernetes {' and '.join(schemas.VERSIONS)}, {refused} wrong values refused"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
