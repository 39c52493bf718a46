#!/usr/bin/env bash
# container-registry-cli promises more bytes than are stored, and does not keep the number of tags that its policy names.
#
# Versions:   container-registry-cli 1.0.0 (PyPI).
# Guess:      The clean-up report frees an image once, however many tags and rules name it, and `max_tags` of a rule keeps that many.
# Happens:    Two tags of one digest of 100 MiB are 200 MiB "reclaimable", and 400 when two rules name them, while its own inventory says
#             100 in all. `max_tags` selects nothing. The kept pattern "latest" also keeps "latest-2019".
# Matters:    The promise of a clean-up is what people decide by. Bytes are freed by digest, once, and only when the last tag that reaches
#             them goes.
# Documented: No.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
check() { # WHAT SEEN STATED
  echo "$1: $2"
  [ "$2" = "$3" ] || { echo "CHANGED: $1 should be: $3" >&2; exit 1; }
}
python_packages() { # NAME==VERSION ...: into a virtual environment of this folder
  python3 -m venv --without-pip venv
  python3 -m pip --python venv/bin/python install -q --disable-pip-version-check "$@"
}
python_packages container-registry-cli==1.0.0
cli() { venv/bin/container-registry-cli "$@"; }
cli --version
tag() { printf '      - {name: "%s", digest: "sha256:%064d", created_at: %d, size_bytes: 104857600}\n' "$1" "$2" "$3"; } # NAME DIGEST DAYS
{
  printf 'images:\n  - repository: app\n    tags:\n'
  tag 1.0 1 400
  tag stable-1.0 1 400
} > one.yaml
cat > once.yaml <<'YAML'
global_max_age_days: 9999
protected_tags: []
rules:
  - {name: old, max_age_days: 90, action: delete}
YAML
cat > twice.yaml <<'YAML'
global_max_age_days: 9999
protected_tags: []
rules:
  - {name: old, max_age_days: 90, action: delete}
  - {name: very old, max_age_days: 365, action: delete}
YAML
cat > newest.yaml <<'YAML'
global_max_age_days: 9999
protected_tags: []
rules:
  - {name: the newest, max_tags: 1, action: delete}
YAML
cat > latest.yaml <<'YAML'
global_max_age_days: 9999
protected_tags: []
rules:
  - {name: all but latest, max_age_days: 90, keep_patterns: [latest], action: delete}
YAML
{
  printf 'images:\n  - repository: app\n    tags:\n'
  tag latest 1 400
  tag latest-2019 2 400
} > kept.yaml
freed() { cli cleanup "$1" -p "$2" --format json | jq -c '.reclaimable_mb | floor'; } # MANIFEST POLICY
cli scan one.yaml --format json -o scan.json > scan.log
check "stored, by its own inventory" "$(jq -c '[.. | .total_size_mb? // empty] | first' scan.json)" 100
check "freed by one rule" "$(freed one.yaml once.yaml)" 200
check "freed by two rules" "$(freed one.yaml twice.yaml)" 400
check "freed by keeping one tag" "$(freed one.yaml newest.yaml)" 0
check "freed of latest and latest-2019, where latest is kept" "$(freed kept.yaml latest.yaml)" 0
