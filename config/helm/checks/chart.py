"""The chart, rendered by Helm's own library, and its schema."""

import functools
import json
import pathlib
import re
import sys

import helm_python as helm
import yaml

HELM = pathlib.Path(__file__).parent.parent
FOLDER = HELM / "tare"
CONFIG = HELM.parent

sys.path.insert(0, str(HELM))
from build import leaves  # noqa: E402

SCHEMA = json.loads((FOLDER / "values.schema.json").read_text())
CHART = helm.Chart.load(FOLDER)
# The path of each value, and its schema.
LEAVES = {path: schema for path, schema in leaves(SCHEMA, SCHEMA) if "default" in schema}
SWITCHES = [path for path, schema in LEAVES.items() if schema["type"] == "boolean"]


def nested(path, value) -> dict:
    """A value at its place: ("api", "replicas"), 3 becomes {"api": {"replicas": 3}}."""
    return functools.reduce(lambda inner, name: {name: inner}, reversed(path), value)


def merged(*layers) -> dict:
    """Values with later layers over earlier ones, as Helm merges files of values."""
    result = {}
    for layer in layers:
        for name, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(name), dict)
            result[name] = merged(result[name], value) if both else value
    return result


def texts(values, release="tare", chart=CHART) -> dict[str, str]:
    """The rendered files, with the notes."""
    return chart.render(values, name=release, namespace="tools", is_install=True)


@functools.cache
def parsed(text):
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def objects(rendered) -> list[dict]:
    """The objects in rendered files. Equal texts are the same object: do not change it."""
    files = (text for name, text in rendered.items() if not name.endswith("NOTES.txt"))
    documents = (document for text in files for document in re.split(r"^---$", text, flags=re.MULTILINE))
    return [found for document in documents if (found := parsed(document)) is not None]
