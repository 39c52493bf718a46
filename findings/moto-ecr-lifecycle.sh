#!/usr/bin/env bash
# moto refuses lifecycle policies that ECR documents, and takes some that ECR refuses.
#
# Versions:   moto 5.2.5, boto3 1.44.8 (PyPI).
# Guess:      put_lifecycle_policy answers like ECR: it validates the text and names the fault.
# Happens:    It validates by a schema of its own. Rules by last pull (sinceImagePulled) and moves to the archive class (transition) are
#             refused. A rule for `any` before others is accepted, and a pattern of five wildcards, where ECR's documentation demands
#             `any` last and four wildcards at most.
# Matters:    A policy reader that is tested against moto learns the wrong language in both directions. The page of examples in ECR's
#             documentation is the reference.
# Documented: No; moto's list of methods calls this one implemented.
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
python_packages moto==5.2.5 boto3==1.44.8
cat > policies.py <<'PYTHON'
import json, boto3
from botocore.exceptions import ClientError
from moto import mock_aws

def rule(priority, action="expire", target=None, **selection):
    action = {"type": action, **({"targetStorageClass": target} if target else {})}
    return {"rulePriority": priority, "description": "rule", "selection": selection, "action": action}

count = {"countType": "imageCountMoreThan", "countNumber": 5}
pulled = {"countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90}
policies = {
    "by-push": [rule(1, tagStatus="untagged", countType="sinceImagePushed", countUnit="days", countNumber=14)],
    "by-pull": [rule(1, tagStatus="any", **pulled)],
    "to-archive": [rule(1, "transition", "archive", tagStatus="any", **pulled)],
    "any-first": [rule(1, tagStatus="any", **count), rule(2, tagStatus="untagged", **count)],
    "five-wildcards": [rule(1, tagStatus="tagged", tagPatternList=["*a*b*c*d*"], **count)],
}

@mock_aws
def main():
    ecr = boto3.client("ecr", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="a")
    ecr.create_repository(repositoryName="app")
    for name, rules in policies.items():
        try:
            ecr.put_lifecycle_policy(repositoryName="app", lifecyclePolicyText=json.dumps({"rules": rules}))
            print(name, "accepted")
        except ClientError as error:
            print(name, error.response["Error"]["Code"])

main()
PYTHON
venv/bin/python policies.py > seen
check "documented, accepted" "$(sed -n 's/^by-push //p' seen)" accepted
for name in by-pull to-archive; do check "documented: $name" "$(sed -n "s/^$name //p" seen)" InvalidParameterException; done
for name in any-first five-wildcards; do check "against the documentation: $name" "$(sed -n "s/^$name //p" seen)" accepted; done
