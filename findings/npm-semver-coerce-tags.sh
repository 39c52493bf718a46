#!/usr/bin/env bash
# semver.coerce() takes commits, dates and Alpine releases in tags for versions, and refuses dates with zeros.
#
# Versions:   semver 7.8.6 (npm).
# Guess:      coerce() finds the version in a tag ("22-alpine3.20" is 22.0.0) and gives null where there is none, so the newest release
#             is the greatest.
# Happens:    The first number is the version, wherever it stands: "sha-1234567" is 1234567.0.0 and newer than every release, "latest-1"
#             is 1.0.0, "alpine3.20" 3.20.0. "2024.1.2" is a version, "2024.01.02" none. Of four parts the last is dropped, so 1.2.3.4
#             equals 1.2.3.9. With includePrerelease the variant makes "1.25-alpine3.20" older than "1.25".
# Matters:    "Keep the newest three" by such versions keeps three commits and deletes the releases. Only tags that are releases as a
#             whole may be ordered, and the variant ("-alpine3.20") is another series, not an earlier version.
# Documented: That leading characters are skipped is; leading zeros are not mentioned there.
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
npm_packages semver@7.8.6
jq -r '"semver \(.version)"' node_modules/semver/package.json
cat > coerce.cjs <<'JS'
const semver = require("semver");
console.log(String(semver.coerce(process.argv[2])));
JS
cat > newest.cjs <<'JS'
const semver = require("semver");
const [options, ...tags] = process.argv.slice(2);
const version = (tag) => semver.coerce(tag, JSON.parse(options));
console.log(tags.filter(version).sort((a, b) => semver.rcompare(version(a), version(b))).join(" "));
JS
coerced() { node coerce.cjs "$1"; }
check "22-alpine3.20" "$(coerced 22-alpine3.20)" 22.0.0
check "alpine3.20" "$(coerced alpine3.20)" 3.20.0
check "sha-1234567" "$(coerced sha-1234567)" 1234567.0.0
check "latest-1" "$(coerced latest-1)" 1.0.0
check "2024.1.2" "$(coerced 2024.1.2)" 2024.1.2
check "2024.01.02" "$(coerced 2024.01.02)" null
check "1.2.3.4 and 1.2.3.9" "$(coerced 1.2.3.4) $(coerced 1.2.3.9)" "1.2.3 1.2.3"
check "newest first" "$(node newest.cjs '{}' 1.9.0 1.10.0 sha-1234567 2024.01.02 20240102)" "20240102 sha-1234567 1.10.0 1.9.0"
check "newest first, with variants" "$(node newest.cjs '{"includePrerelease":true}' 1.25-alpine3.20 1.25 1.24)" "1.25 1.25-alpine3.20 1.24"
