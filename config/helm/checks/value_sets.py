"""The values with which the chart is rendered. Each set has a name."""

import itertools
import re
import shlex
import tomllib

import helm_python as helm
import yaml

from .chart import CONFIG, FOLDER, LEAVES, SWITCHES, merged, nested

# What every set has, so that each switch has what it needs.
NEEDED = {
    "config": {"serve": {"public_url": "https://tare.example.com:8443/tools/"}},
    "httpRoute": {"parentRefs": [{"name": "public", "namespace": "gateways"}]},
    "serviceMonitor": {"existingSecret": "tare-metrics"},
}
UUID = "00000000-0000-0000-0000-000000000000"

# For each value another one than the default, and the values without which it would have no effect.
EXAMPLES = {
    "nameOverride": ("costs", {}),
    "fullnameOverride": ("registry-costs", {}),
    "image.repository": ("reg.example.com:5000/tools/tare", {}),
    "image.tag": ("1.2.3-rc.1", {}),
    "image.digest": ("sha256:" + "a" * 64, {}),
    "imagePullSecrets": ([{"name": "pull"}], {}),
    "config": ({"crawl": {"concurrency": 8}}, {}),
    "files": ({"books.toml": 'id = "a"\n# {{ not a template }}\n'}, {}),
    "database.existingSecret": ("cluster-app", {}),
    "database.key": ("uri", {}),
    "secrets": (
        [{"name": "registry", "existingSecret": "tare-registry"}, {"name": "mail", "existingSecret": "smtp"}],
        {},
    ),
    "dockerConfig.existingSecret": ("docker", {}),
    "tls.existingSecret": ("tare-tls", {"serviceMonitor": {"enabled": True}}),
    "serviceAccount.name": ("costs", {}),
    "serviceAccount.annotations": ({"example.com/a": "b"}, {}),
    "workloadIdentity.azure.clientId": (UUID, {"workloadIdentity": {"azure": {"enabled": True}}}),
    "workloadIdentity.azure.tenantId": (UUID, {"workloadIdentity": {"azure": {"enabled": True}}}),
    "workloadIdentity.aws.roleArn": ("arn:aws:iam::123456789012:role/tare", {}),
    "workloadIdentity.google.serviceAccount": ("tare@project.iam.gserviceaccount.com", {}),
    "runAsUser": (1000, {}),
    "extraEnv": (
        [
            {"name": "TARE_LOG_LEVEL", "value": "debug"},
            {"name": "SMTP_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "smtp", "key": "password"}}},
        ],
        {},
    ),
    "extraVolumes": (
        [{"name": "ca", "configMap": {"name": "ca"}}],
        {"extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}]},
    ),
    "extraVolumeMounts": (
        [{"name": "work", "mountPath": "/work", "readOnly": False}, {"name": "work", "mountPath": "/seen"}],
        {"extraVolumes": [{"name": "work", "emptyDir": {}}]},
    ),
    "podLabels": ({"team": "platform"}, {}),
    "podAnnotations": ({"example.com/a": "true"}, {}),
    "api.replicas": (3, {}),
    "api.autoscaling.minReplicas": (3, {"api": {"autoscaling": {"enabled": True}}}),
    "api.autoscaling.maxReplicas": (20, {"api": {"autoscaling": {"enabled": True}}}),
    "api.autoscaling.targetCPUUtilization": (50, {"api": {"autoscaling": {"enabled": True}}}),
    "api.podDisruptionBudget.maxUnavailable": ("50%", {}),
    "api.terminationGracePeriodSeconds": (90, {}),
    "crawler.replicas": (0, {}),
    "crawler.podDisruptionBudget.maxUnavailable": (2, {}),
    "crawler.terminationGracePeriodSeconds": (90, {}),
    "migrations.activeDeadlineSeconds": (3600, {}),
    "migrations.backoffLimit": (0, {}),
    "service.port": (80, {}),
    "service.annotations": ({"example.com/a": "b"}, {}),
    "ingress.className": ("nginx", {"ingress": {"enabled": True}}),
    "ingress.annotations": ({"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600"}, {"ingress": {"enabled": True}}),
    "ingress.tlsSecret": ("tare-certificate", {"ingress": {"enabled": True}}),
    "httpRoute.parentRefs": ([{"name": "other", "sectionName": "https"}], {"httpRoute": {"enabled": True}}),
    "httpRoute.annotations": ({"example.com/a": "b"}, {"httpRoute": {"enabled": True}}),
    "httpRoute.requestTimeout": ("1h", {"httpRoute": {"enabled": True}}),
    "networkPolicy.ingressFrom": ([{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}], {}),
    "networkPolicy.egressPorts": ([], {}),
    "networkPolicy.extraEgress": ([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], {}),
    "serviceMonitor.labels": ({"release": "prometheus"}, {"serviceMonitor": {"enabled": True}}),
    "serviceMonitor.interval": ("30s", {"serviceMonitor": {"enabled": True}}),
    "serviceMonitor.existingSecret": ("other", {"serviceMonitor": {"enabled": True}}),
    "serviceMonitor.key": ("token", {"serviceMonitor": {"enabled": True}}),
    "serviceMonitor.tlsConfig": (
        {"insecureSkipVerify": True},
        {"serviceMonitor": {"enabled": True}, "tls": {"existingSecret": "tare-tls"}},
    ),
    "prometheusRule.labels": ({"release": "prometheus"}, {"prometheusRule": {"enabled": True}}),
    "prometheusRule.currency": ("eur", {"prometheusRule": {"enabled": True}}),
    "dashboards.labels": ({"dashboards": "yes"}, {"dashboards": {"enabled": True}}),
    "dashboards.annotations": ({"k8s-sidecar-target-directory": "Tare"}, {"dashboards": {"enabled": True}}),
}
POD = {
    "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "1Gi", "ephemeral-storage": "1Gi"}},
    "priorityClassName": "high",
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "b"}}}
            ]
        }
    },
    "topologySpreadConstraints": [
        {"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"},
        {
            "maxSkew": 1,
            "topologyKey": "a",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"a": "b"}},
        },
    ],
}
# Values for programs around the chart: they change nothing.
WITHOUT_EFFECT = {"global"}


def examples():
    """Each value that is neither a switch nor a choice, once: name, what surrounds it, and with it."""
    for path in LEAVES:
        dotted = ".".join(path)
        if path in SWITCHES or "enum" in LEAVES[path] or dotted in WITHOUT_EFFECT:
            continue
        pod = path[0] in ("api", "crawler", "migrations") and path[-1] in POD
        value, around = (POD[path[-1]], {}) if pod else EXAMPLES[dotted]
        around = merged(NEEDED, around)
        yield dotted, around, merged(around, nested(path, value))


def choices():
    """Each switch in its other position and each other choice: name, values without and with it."""
    for path, schema in LEAVES.items():
        for value in schema.get("enum", [True, False] if path in SWITCHES else []):
            if value != schema["default"]:
                yield f"{'.'.join(path)} = {value}", NEEDED, merged(NEEDED, nested(path, value))


def combinations():
    """All switches on, all off, either but for one, and each two switches together in their other position."""
    for value in (True, False):
        everything = merged(NEEDED, *(nested(path, value) for path in SWITCHES))
        yield f"all switches {value}", everything
        for path in SWITCHES:
            yield f"all switches {value} but {'.'.join(path)}", merged(everything, nested(path, not value))
    for one, other in itertools.combinations(SWITCHES, 2):
        changed = [nested(path, not LEAVES[path]["default"]) for path in (one, other)]
        yield f"{'.'.join(one)} and {'.'.join(other)} changed", merged(NEEDED, *changed)


def documented():
    """The values that the chart's README shows, beginning with the first of its own in each block."""
    text = (FOLDER / "README.md").read_text()
    for number, block in enumerate(re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", text, re.MULTILINE)):
        lines = [line[4:] for line in block.splitlines()]
        # Commands may stand in the same block.
        lines = [line for line in lines if re.match(r"\s|\w+:", line) and "kubectl" not in line and "--" not in line]
        values = yaml.safe_load("\n".join(lines))
        if isinstance(values, dict):
            yield f"README.md, block {number + 1}", values
    for name, command in commands():
        options = [option for before, option in itertools.pairwise(command) if before == "--set"]
        if options:
            yield f"{name}: {' '.join(command)}", helm.parse_set_string(",".join(options))


def commands():
    """The calls of helm in the documentation, as words: where, and what."""
    for file in (FOLDER / "README.md", CONFIG.parent / "docs/deploy.md"):
        for line in file.read_text().replace("\\\n", " ").splitlines():
            if line.startswith("    helm "):
                yield file.name, shlex.split(line, comments=True)


def all_settings() -> dict:
    """Every setting and example of config/tare.toml."""
    lines = (CONFIG / "tare.toml").read_text().splitlines()
    used = (re.sub(r"^(## ?|# (?=[a-z_]+ = ))", "", line) for line in lines)
    return tomllib.loads("\n".join(line for line in used if not line.startswith("#")))
