"""Wrong values, and what Helm must say about each: the place and the reason."""

from .chart import LEAVES, merged, nested
from .value_sets import NEEDED

REFUSED = [
    ({"replicaCount": 3}, "at '': additional properties 'replicaCount' not allowed"),
    ({"api": {"replica": 3}}, "at '/api': additional properties 'replica' not allowed"),
    ({"api": {"replicas": "3"}}, "at '/api/replicas': got string, want integer"),
    ({"api": {"replicas": 0}}, "at '/api/replicas': minimum: got 0, want 1"),
    ({"api": {"replicas": 1.5}}, "at '/api/replicas': got number, want integer"),
    ({"api": {"address": "127.0.0.1"}}, "at '/api/address': value must be one of '0.0.0.0', '[::]'"),
    ({"api": {"resources": {"limits": {"memory": "1 GB"}}}}, "at '/api/resources/limits/memory'"),
    ({"api": {"resources": {"limit": {}}}}, "at '/api/resources': additional properties 'limit' not allowed"),
    (
        {"api": {"tolerations": [{"efect": "NoSchedule"}]}},
        "at '/api/tolerations/0': additional properties 'efect' not allowed",
    ),
    (
        {"api": {"topologySpreadConstraints": [{"maxSkew": 1}]}},
        "at '/api/topologySpreadConstraints/0': missing properties",
    ),
    ({"api": {"podDisruptionBudget": {"maxUnavailable": "half"}}}, "at '/api/podDisruptionBudget/maxUnavailable'"),
    (
        {"api": {"autoscaling": {"enabled": True, "minReplicas": 7}}},
        "api.autoscaling: minReplicas (7) is greater than maxReplicas (6)",
    ),
    ({"crawler": {"autoscaling": {"enabled": True}}}, "at '/crawler': additional properties 'autoscaling' not allowed"),
    ({"image": {"tag": "latest"}}, 'image.tag: "latest" is another image after each build'),
    ({"image": {"tag": "a b"}}, "at '/image/tag'"),
    ({"image": {"repository": "tare:1.0"}}, "at '/image/repository'"),
    ({"image": {"digest": "sha256:abc"}}, "at '/image/digest'"),
    ({"image": {"pullPolicy": "always"}}, "at '/image/pullPolicy': value must be one of"),
    ({"database": {"url": "postgres://db/tare"}}, "at '/database': additional properties 'url' not allowed"),
    ({"database": {"existingSecret": ""}}, "at '/database/existingSecret'"),
    ({"secrets": [{"name": "Registry", "existingSecret": "a"}]}, "at '/secrets/0/name'"),
    ({"secrets": [{"name": "registry"}]}, "at '/secrets/0': missing property 'existingSecret'"),
    ({"secrets": [{"name": "a", "existingSecret": "b"}] * 2}, "secrets[1].name: a is there already"),
    ({"files": {"tare.toml": ""}}, "invalid propertyName 'tare.toml'"),
    ({"files": {"a/b": ""}}, "invalid propertyName 'a/b'"),
    ({"podLabels": {"app.kubernetes.io/name": "x"}}, "podLabels: app.kubernetes.io/name is set by the chart"),
    ({"fullnameOverride": "x" * 41}, "at '/fullnameOverride': maxLength: got 41, want 40"),
    ({"workloadIdentity": {"azure": {"clientId": "tare"}}}, "at '/workloadIdentity/azure/clientId'"),
    ({"workloadIdentity": {"aws": {"roleArn": "tare"}}}, "at '/workloadIdentity/aws/roleArn'"),
    ({"runAsUser": 0}, "at '/runAsUser': minimum: got 0, want 1"),
    ({"service": {"port": 70000}}, "at '/service/port': maximum: got 70,000, want 65,535"),
    ({"networkPolicy": {"egressPorts": ["https"]}}, "at '/networkPolicy/egressPorts/0': got string, want integer"),
    ({"ingress": {"enabled": True}}, "config.serve.public_url: ingress needs the address"),
    ({"httpRoute": {"enabled": True}}, "config.serve.public_url: httpRoute needs the address"),
    (merged(NEEDED, {"httpRoute": {"enabled": True, "parentRefs": []}}), "httpRoute.parentRefs: name the Gateway"),
    ({"serviceMonitor": {"enabled": True}}, "serviceMonitor.existingSecret: /metrics needs a key"),
    ({"serviceMonitor": {"interval": "often"}}, "at '/serviceMonitor/interval'"),
    ({"prometheusRule": {"currency": "USD"}}, "at '/prometheusRule/currency'"),
    # Settings of the chart's own, and secrets.
    ({"config": {"serve": {"listen": "0.0.0.0:80"}}}, "config.serve.listen: this is set by the value api.address"),
    ({"config": {"serve": {"role": "all"}}}, "config.serve.role: this is set by the chart"),
    ({"config": {"serve": {"tls_key": "/a"}}}, "config.serve.tls_key: this is set by the value tls.existingSecret"),
    (
        {"config": {"store": {"data_dir": "/data"}}},
        "config.store.data_dir: this is set by the value database.existingSecret",
    ),
    (
        {"config": {"crawl": {"docker_config": "/a"}}, "dockerConfig": {"existingSecret": "a"}},
        "config.crawl.docker_config: this is set by the value dockerConfig.existingSecret",
    ),
    ({"config": {"serve": "anonymous"}}, "at '/config/serve': got string, want object"),
    ({"config": {"registry": ["https://reg.example.com"]}}, "at '/config/registry/0': got string, want object"),
    (
        {"config": {"store": {"database_url": "postgres://a:b@c/d"}}},
        "config.store.database_url: a secret must not be in values",
    ),
    ({"config": {"registry": [{}, {"password": "x"}]}}, "config.registry[1].password: a secret must not be in values"),
    ({"config": {"registry": [{"token": "x"}]}}, "set token_file to /run/secrets/tare/NAME/KEY"),
    (
        {"config": {"registry": [{"events": {"secret": "x"}}]}},
        "config.registry[0].events.secret: a secret must not be in values",
    ),
    (
        {"config": {"notification": [{"url": "https://x"}]}},
        "config.notification[0].url: a secret must not be in values",
    ),
    (
        {"config": {"registry": [{"proxy": "http://a:b@proxy:3128"}]}},
        "config.registry[0].proxy: an address with a password",
    ),
    ({"extraEnv": [{"name": "TARE_PASSWORD", "value": "x"}]}, "extraEnv[0].value: a secret must not be in values"),
    ({"extraEnv": [{"name": "DATABASE_URL", "value": "x"}]}, "extraEnv[0]: DATABASE_URL is set by the chart"),
    ({"extraEnv": [{"name": "A", "valueFrom": {"secretRef": {}}}]}, "additional properties 'secretRef' not allowed"),
]


def nulls():
    """A value or section that someone removes with null is missed by name, except the user, which OpenShift chooses."""
    places = {path[:depth]: None for path in LEAVES for depth in range(1, len(path) + 1)}
    for path in places:
        if path not in (("global",), ("runAsUser",)):
            yield nested(path, None), f"missing property '{path[-1]}'"
