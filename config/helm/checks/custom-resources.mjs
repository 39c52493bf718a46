// Reads a list of custom resources as JSON and writes what is wrong with them, as a list of texts.

import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { readFileSync } from "node:fs";

const kinds = { HTTPRoute, PrometheusRule, ServiceMonitor };
const faults = [];
for (const found of JSON.parse(readFileSync(0, "utf8"))) {
    try {
        new kinds[found.kind](found).validate();
    } catch (error) {
        faults.push(`${found.kind} ${found.metadata?.name}: ${error.message}`);
    }
}
console.log(JSON.stringify(faults));
