#!/usr/bin/env bash
# The Kubernetes client for JavaScript cannot add "1.5Gi" of memory, and sums of byte counts are rounded.
#
# Versions:   @kubernetes/client-node 1.3.0 (npm).
# Guess:      topNodes() sums the memory that pods ask for, whatever valid form of a quantity they use.
# Happens:    "1.5Gi", "1.5G" and "0.5Ki" are a SyntaxError for the whole list of nodes. Quantities with a suffix are exact BigInts; those
#             without, or in exponents, are floating point: 9007199254740993 becomes …992.
# Matters:    "1.5Gi" is an everyday limit. One such pod, and no node has a figure. What runs where is read from the same lists; a reader of
#             quantities must take fractions with every suffix, and give whole bytes.
# Documented: No.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
npm_packages() { # NAME@VERSION ...: into node_modules of this folder
  echo '{"private": true}' > package.json
  npm install --silent --no-fund --no-audit "$@"
}
npm_packages @kubernetes/client-node@1.3.0
jq -r '"@kubernetes/client-node \(.version)"' node_modules/@kubernetes/client-node/package.json
cat > top.mjs <<'JS'
import { topNodes } from "@kubernetes/client-node";
const [memory] = process.argv.slice(2);
const resources = { requests: { cpu: "500m", memory }, limits: { memory } };
const api = {
  listNode: async () => ({ items: [{ metadata: { name: "node" }, status: { allocatable: { cpu: "4", memory: "16Gi" } } }] }),
  listPodForAllNamespaces: async () => ({
    items: [{ metadata: { name: "app" }, spec: { nodeName: "node", containers: [{ name: "app", image: "app", resources }] }, status: { phase: "Running" } }],
  }),
};
try {
  const total = (await topNodes(api))[0].Memory.RequestTotal;
  console.log(`${typeof total} ${total}`);
} catch (error) {
  console.log(error.name);
}
JS
requested() { node top.mjs "$1"; }
check "1536Mi" "$(requested 1536Mi)" "bigint 1610612736"
check "1.5Gi" "$(requested 1.5Gi)" SyntaxError
check "1.5G" "$(requested 1.5G)" SyntaxError
check "0.5Ki" "$(requested 0.5Ki)" SyntaxError
check "9007199254740993" "$(requested 9007199254740993)" "number 9007199254740992"
check "9007199254740993k" "$(requested 9007199254740993k)" "bigint 9007199254740993000"
