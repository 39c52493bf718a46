"""Kubernetes' published schemas, for the oldest and the newest version that the chart is for."""

import functools
import json
import re
import subprocess

import kubernetes_validate
from kubernetes_validate import utils

from .chart import CHART

OLDEST = re.search(r">=(\d+\.\d+)", CHART.metadata["kubeVersion"]).group(1)
VERSIONS = [OLDEST, utils.major_minor(utils.latest_version())]
CUSTOM = ("monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1")

# Each validation would read a megabyte of definitions again.
utils.schema_contents = functools.cache(utils.schema_contents)


def faults(found: dict) -> list[str]:
    """What Kubernetes would refuse in an object. Unknown fields are faults."""
    result = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(found, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            place = ".".join(map(str, error.absolute_path))
            result.append(f"Kubernetes {version}: {place}: {error.message}")
    return result


def custom_faults(tools, found: list[dict]) -> list[str]:
    """What the Prometheus Operator and the Gateway API would refuse in their objects."""
    script = tools / "custom-resources.mjs"
    result = subprocess.run(["node", script], input=json.dumps(found), capture_output=True, text=True, check=True)
    return json.loads(result.stdout)
