#!/usr/bin/env bash
# Backstage reads paths that can be no entity, and writes owners in another case than it reads them.
#
# Versions:   @backstage/catalog-model 1.10.3 (npm).
# Guess:      parseEntityRef() refuses what cannot be the name of an entity, and stringifyEntityRef() of what it read is the reference again.
# Happens:    "team/api/worker" is the entity "api/worker" in the namespace "team", though no entity may have such a name.
#             "group:Payments/Team-A" is read as it is and written in lower case.
# Matters:    Owners of repositories come from annotations and `spec.owner`. An image's path in the place of an owner is not noticed, and a
#             cost centre "Team-A" and the reference in Backstage are equal only without regard to case.
# Documented: That references are compared without regard to case, yes; which of the functions changes the case, no.
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
npm_packages @backstage/catalog-model@1.10.3
jq -r '"@backstage/catalog-model \(.version)"' node_modules/@backstage/catalog-model/package.json
cat > refs.cjs <<'JS'
const { makeValidator, parseEntityRef, stringifyEntityRef } = require("@backstage/catalog-model");
const [ref] = process.argv.slice(2);
const entity = parseEntityRef(ref, { defaultKind: "group", defaultNamespace: "default" });
console.log(JSON.stringify([entity.namespace, entity.name, makeValidator().isValidEntityName(entity.name), stringifyEntityRef(entity)]));
JS
read_ref() { node refs.cjs "$1"; }
check "payments: namespace, name, whether the name is valid, written" "$(read_ref payments)" '["default","payments",true,"group:default/payments"]'
check "team/api/worker" "$(read_ref team/api/worker)" '["team","api/worker",false,"group:team/api/worker"]'
check "group:Payments/Team-A" "$(read_ref group:Payments/Team-A)" '["Payments","Team-A",true,"group:payments/team-a"]'
