#!/usr/bin/env bash
# parse-link-header says "no links" to a Link header of more than 2000 characters.
#
# Versions:   parse-link-header 2.0.0 (npm).
# Guess:      A long header is read, or refused with an error.
# Happens:    The result is null, the same as for a response without the header. An environment variable raises the limit, another
#             makes it throw.
# Matters:    null means "last page" to every caller. Where a registry puts signed state into its cursor, the listing ends after the
#             first page without an error, and the remaining repositories are not counted.
# Documented: Yes, near the end of the README; the value that it returns is easy to miss.
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
npm_packages parse-link-header@2.0.0
cat > parse.cjs <<'EOF'
const parse = require("parse-link-header");
for (const length of [1900, 2000]) {
  const links = parse(`</v2/_catalog?n=100&last=${"x".repeat(length)}>; rel="next"`);
  console.log(links === null ? "null" : links.next.url.length);
}
console.log(String(parse(undefined)));
EOF
node parse.cjs > seen
check "cursor of 1900 characters: length of the next address" "$(sed -n 1p seen)" 1924
check "cursor of 2000 characters" "$(sed -n 2p seen)" null
check "no header" "$(sed -n 3p seen)" null
