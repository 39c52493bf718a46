"""Our own rules for rendered objects: what Kubernetes would accept and we would not."""

import re

WORKLOADS = ("Deployment", "Job", "Pod")
OWN_LABELS = ("name", "instance", "version", "managed-by")
HOOK = "helm.sh/hook"
PASSWORD_IN_ADDRESS = re.compile(r"\w://[^/@\s]*:[^/@\s]*@")


def faults(found: list[dict]):
    """All faults of the objects of one release."""
    pods = {id(item): pod_of(item) for item in found if item["kind"] in WORKLOADS}
    yield from names(found)
    for item in found:
        for fault in [*one(item), *(pod(item, pods[id(item)], found) if id(item) in pods else [])]:
            yield f"{item['kind']} {item['metadata']['name']}: {fault}"
    yield from relations(found, [*pods.values()])


def pod_of(item):
    return item if item["kind"] == "Pod" else item["spec"]["template"]


def names(found):
    keys = [(item["kind"], item["metadata"]["name"]) for item in found]
    for kind, name in keys:
        if len(name) > 63 or not re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", name):
            yield f"{kind} {name}: not a name that every kind accepts"
        if keys.count((kind, name)) > 1:
            yield f"{kind} {name}: rendered twice"


def one(item):
    labels = item["metadata"].get("labels", {})
    if missing := [name for name in OWN_LABELS if f"app.kubernetes.io/{name}" not in labels]:
        yield f"lacks the labels {missing}"
    for name, value in labels.items():
        if not re.fullmatch("([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?", value):
            yield f"label {name}: {value!r} is no value of a label"
    if item["kind"] == "Secret":
        yield "a Secret in a chart holds values"
    if item["kind"] == "ConfigMap" and any(PASSWORD_IN_ADDRESS.search(text) for text in item["data"].values()):
        yield "an address with a password"
    if "namespace" in item["metadata"]:
        yield "names a namespace"


def pod(item, template, found):
    spec = template["spec"]
    if spec.get("automountServiceAccountToken") is not False:
        yield "mounts a token of the cluster"
    if spec.get("enableServiceLinks") is not False:
        yield "gets a variable for each Service, such as TARE_PORT, which Tare refuses"
    security = spec.get("securityContext", {})
    if not security.get("runAsNonRoot") or security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "may run as root, or without a seccomp profile"
    if any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield "shares namespaces of the node"
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        yield from container_faults(container, volumes)
    configs = {other["metadata"]["name"]: other for other in found if other["kind"] == "ConfigMap"}
    config = configs.get(volumes["config"]["configMap"]["name"])
    if config is None:
        yield "its ConfigMap is not rendered"
    elif (hook := hooks(item)) & {"pre-install", "pre-upgrade"}:
        if hooks(config) != hook or weight(config) >= weight(item):
            yield "its ConfigMap does not come before it"
    account = spec["serviceAccountName"]
    if hooks(item) & {"pre-install"} and ("ServiceAccount", account) in kinds(found):
        yield "its service account does not come before it"
    if probes := [name for name in spec["containers"][0] if name.endswith("Probe")]:
        if component(template) != "api":
            yield f"does not listen and has {probes}"
    elif component(template) == "api":
        yield "has no probes"


def container_faults(container, volumes):
    security = container.get("securityContext", {})
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    if security != wanted:
        yield f"its securityContext is {security}"
    if not re.search(r"(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$", container["image"]) or container["image"].endswith(
        ":latest"
    ):
        yield f"its image {container['image']} has no version"
    resources = container.get("resources", {})
    if "memory" not in resources.get("requests", {}) or "memory" not in resources.get("limits", {}):
        yield "has no request or limit of memory"
    for variable in container["env"]:
        value = variable.get("value", "")
        if re.search("(PASSWORD|TOKEN|SECRET)$", variable["name"]) and value or PASSWORD_IN_ADDRESS.search(value):
            yield f"{variable['name']} has a secret in clear"
    variables = [variable["name"] for variable in container["env"]]
    if len(variables) != len(set(variables)):
        yield "sets a variable twice"
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    if missing := [mount["name"] for mount in mounts.values() if mount["name"] not in volumes]:
        yield f"mounts unknown volumes {missing}"
    for variable in container["env"]:
        file = variable.get("value", "")
        if file.startswith("/") and not any(file.startswith(f"{path}/") for path in mounts):
            yield f"{variable['name']} names {file}, which is not mounted"


def relations(found, pods):
    """Every selector and every reference to another object finds what it is for."""
    for item in found:
        kind, name, spec = item["kind"], item["metadata"]["name"], item.get("spec", {})
        place = f"{kind} {name}"
        if kind == "Deployment":
            chosen = [pod for pod in pods if matches(spec["selector"]["matchLabels"], pod["metadata"]["labels"])]
            if chosen != [spec["template"]]:
                yield f"{place}: its selector does not select its own pods, and only these"
        if kind in ("Service", "PodDisruptionBudget"):
            selector = spec["selector"] if kind == "Service" else spec["selector"]["matchLabels"]
            chosen = {component(pod) for pod in pods if matches(selector, pod["metadata"]["labels"])}
            if chosen != {item["metadata"]["labels"]["app.kubernetes.io/component"]}:
                yield f"{place}: selects pods of {sorted(chosen)}"
        if kind == "NetworkPolicy":
            wanted = item["metadata"]["labels"].get("app.kubernetes.io/component")
            for pod in pods:
                selected = matches(spec["podSelector"]["matchLabels"], pod["metadata"]["labels"])
                if selected != (wanted in (None, component(pod))):
                    yield f"{place}: selects the wrong pods"
        if kind == "HorizontalPodAutoscaler":
            target = [other for other in found if key(other) == ("Deployment", spec["scaleTargetRef"]["name"])]
            if len(target) != 1 or "replicas" in target[0]["spec"]:
                yield f"{place}: its Deployment is missing or has a number of replicas of its own"
        for service, port in backends(item):
            ports = [port for other in found if key(other) == ("Service", service) for port in other["spec"]["ports"]]
            if not any(port in (known["name"], known["port"]) for known in ports):
                yield f"{place}: there is no port {port} of a Service {service}"
        if kind == "ServiceMonitor":
            services = [other for other in found if other["kind"] == "Service"]
            if not any(matches(spec["selector"]["matchLabels"], other["metadata"]["labels"]) for other in services):
                yield f"{place}: selects no Service"


def backends(item):
    if item["kind"] == "Ingress":
        for path in item["spec"]["rules"][0]["http"]["paths"]:
            yield path["backend"]["service"]["name"], path["backend"]["service"]["port"]["name"]
    if item["kind"] == "HTTPRoute":
        for reference in item["spec"]["rules"][0]["backendRefs"]:
            yield reference["name"], reference["port"]


def component(pod):
    return pod["metadata"]["labels"].get("app.kubernetes.io/component")


def matches(selector, labels):
    return selector.items() <= labels.items()


def key(item):
    return item["kind"], item["metadata"]["name"]


def kinds(found):
    return [key(item) for item in found]


def hooks(item):
    return set(filter(None, item["metadata"].get("annotations", {}).get(HOOK, "").split(",")))


def weight(item):
    return int(item["metadata"]["annotations"].get("helm.sh/hook-weight", "0"))
