"""Each rule finds what it is for: faults that are made on purpose, in the objects of a release with everything on."""

import copy

from . import rules, schemas


def find(found, kind, name="tare"):
    return next(item for item in found if (item["kind"], item["metadata"]["name"]) == (kind, name))


def spec(found, kind="Deployment", name="tare-api"):
    return rules.pod_of(find(found, kind, name))["spec"]


def container(found):
    return spec(found)["containers"][0]


MUTATIONS = {
    "rendered twice": lambda all: all.append(find(all, "Service")),
    "not a name": lambda all: find(all, "Service")["metadata"].update(name="x" * 64),
    "lacks the labels": lambda all: find(all, "Ingress")["metadata"]["labels"].pop("app.kubernetes.io/name"),
    "no value of a label": lambda all: find(all, "Ingress")["metadata"]["labels"].update(a="b c"),
    "holds values": lambda all: all.append({**find(all, "ConfigMap"), "kind": "Secret"}),
    "an address with a password": lambda all: find(all, "ConfigMap")["data"].update(a='proxy = "http://a:b@c"'),
    "names a namespace": lambda all: find(all, "Service")["metadata"].update(namespace="x"),
    "mounts a token": lambda all: spec(all).pop("automountServiceAccountToken"),
    "a variable for each Service": lambda all: spec(all).pop("enableServiceLinks"),
    "may run as root": lambda all: spec(all)["securityContext"].pop("runAsNonRoot"),
    "without a seccomp profile": lambda all: spec(all)["securityContext"].pop("seccompProfile"),
    "shares namespaces": lambda all: spec(all).update(hostPID=True),
    "its ConfigMap is not rendered": lambda all: find(all, "ConfigMap")["metadata"].update(name="other"),
    "its ConfigMap does not come before": lambda all: find(all, "ConfigMap", "tare-migrate")["metadata"].pop(
        "annotations"
    ),
    "its service account does not come": lambda all: spec(all, "Job", "tare-migrate").update(serviceAccountName="tare"),
    "has no probes": lambda all: [container(all).pop(name) for name in [*container(all)] if name.endswith("Probe")],
    "does not listen": lambda all: spec(all, "Deployment", "tare-crawler")["containers"][0].update(livenessProbe={}),
    "its securityContext is {}": lambda all: container(all).pop("securityContext"),
    "has no version": lambda all: container(all).update(image="reg.example.com:5000/tare"),
    "no request or limit": lambda all: container(all)["resources"].pop("limits"),
    "a secret in clear": lambda all: container(all)["env"].append({"name": "SMTP_PASSWORD", "value": "x"}),
    "sets a variable twice": lambda all: container(all)["env"].append(container(all)["env"][0]),
    "mounts unknown volumes": lambda all: spec(all)["volumes"].remove(
        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}
    ),
    "which is not mounted": lambda all: container(all)["volumeMounts"].pop(1),
    "its own pods, and only these": lambda all: find(all, "Deployment", "tare-api")["spec"]["selector"][
        "matchLabels"
    ].pop("app.kubernetes.io/component"),
    "selects pods of": lambda all: find(all, "Service")["spec"]["selector"].pop("app.kubernetes.io/component"),
    "selects the wrong pods": lambda all: find(all, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"].update(
        a="b"
    ),
    "has a number of replicas": lambda all: find(all, "Deployment", "tare-api")["spec"].update(replicas=2),
    "there is no port": lambda all: find(all, "HTTPRoute")["spec"]["rules"][0]["backendRefs"][0].update(port=81),
    "selects no Service": lambda all: find(all, "ServiceMonitor")["spec"]["selector"]["matchLabels"].update(a="b"),
}


def faults(found, tools):
    """The rules and schemas that do not find the fault made for them."""
    for kind in ("Deployment", "Service", "NetworkPolicy"):
        item = next(item for item in found if item["kind"] == kind)
        if len(schemas.faults(item | {"spec": item["spec"] | {"unknown": 1}})) != len(schemas.VERSIONS):
            yield f"the schema of {kind} accepts an unknown field"
    broken = {"HTTPRoute": {"hostnames": "a"}, "PrometheusRule": {"groups": [{}]}, "ServiceMonitor": {"endpoints": []}}
    custom = [item | {"spec": broken[item["kind"]]} for item in found if item["kind"] in broken]
    if len(schemas.custom_faults(tools, custom)) != len(broken):
        yield "a schema of a custom resource accepts what is wrong"
    for wanted, mutate in MUTATIONS.items():
        mutated = copy.deepcopy(found)
        mutate(mutated)
        if not any(wanted in fault for fault in rules.faults(mutated)):
            yield f"no rule says {wanted!r}"
