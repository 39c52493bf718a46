"""Makes the dashboards: config/grafana/dashboards/*.json from config/grafana/source.

    python3 config/grafana/build.py            # writes them
    python3 config/grafana/build.py --check    # says whether they are what the source makes

Needs grafana-foundation-sdk, in the edition that config/grafana/requirements.txt names.
"""

import difflib
import json
import pathlib
import sys

sys.dont_write_bytecode = True

from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: E402

from source import cost, finance, operations  # noqa: E402

HERE = pathlib.Path(__file__).parent


def main() -> int:
    stale = 0
    for module in (operations, cost, finance):
        dashboard = json.loads(JSONEncoder().encode(module.build()))
        for number, panel in enumerate(dashboard["panels"], start=1):
            panel["id"] = number
        text = json.dumps(dashboard, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
        file = HERE / "dashboards" / f"{dashboard['uid']}.json"
        if "--check" not in sys.argv[1:]:
            file.write_text(text)
            continue
        committed = file.read_text() if file.exists() else ""
        if committed != text:
            stale = 1
            print(f"{file.name} is not what source makes; run config/grafana/build.py and commit it")
            difference = difflib.unified_diff(committed.splitlines(), text.splitlines(), "committed", "made", lineterm="", n=1)
            print("\n".join(list(difference)[:40]))
    return stale


if __name__ == "__main__":
    sys.exit(main())
