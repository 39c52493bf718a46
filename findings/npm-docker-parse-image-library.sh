#!/usr/bin/env bash
# docker-parse-image puts "library/" into names of every registry, takes localhost for a user, and a digest for a part of the tag.
#
# Versions:   docker-parse-image 3.0.1 (npm).
# Guess:      "library/" stands only before one-part names of Docker Hub. "localhost/app" is a registry and a repository, and four
#             parts are a name like any other. name:tag@digest has a tag and a digest.
# Happens:    The full name of reg.example.com/app is reg.example.com/library/app, another repository. "localhost/app" has no registry
#             and the namespace localhost. A repository of four parts is null. The tag of a pinned reference is "1.2@sha256:…".
# Matters:    Pulls and costs joined by the full name find nothing, or the wrong repository. Names from outside must be read by the
#             rules of the distribution project and shown as the registry itself gives them.
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
npm_packages docker-parse-image@3.0.1
jq -r '"docker-parse-image \(.version)"' node_modules/docker-parse-image/package.json
cat > parse.cjs <<'EOF'
const module_ = require("docker-parse-image");
const parse = module_.default || module_;
console.log(JSON.stringify(parse(process.argv[2])));
EOF
parse() { node parse.cjs "$1"; }
check "full name of ubuntu" "$(parse ubuntu | jq -r .fullname)" library/ubuntu:latest
check "full name of reg.example.com/app" "$(parse reg.example.com/app | jq -r .fullname)" reg.example.com/library/app:latest
check "full name of reg.example.com/team/app" "$(parse reg.example.com/team/app | jq -r .fullname)" reg.example.com/team/app:latest
check "registry, namespace of localhost/app" "$(parse localhost/app | jq -c '[.registry, .namespace]')" '[null,"localhost"]'
check "four parts" "$(parse a/b/c/d)" null
digest=sha256:$(printf '%064d' 7)
check "tag of a pinned reference" "$(parse "reg.example.com/team/api:1.2@$digest" | jq -r .tag)" "1.2@$digest"
