"""Writes tare/values.yaml and the table of values in tare/README.md from tare/values.schema.json.

    python3 config/helm/build.py [--check]

With --check, it changes nothing and says which file is not what the schema makes.
"""

import json
import pathlib
import re
import sys
import textwrap

CHART = pathlib.Path(__file__).parent / "tare"
TABLE = re.compile(r"(?<=<!-- values: made by config/helm/build\.py -->\n).*?(?=<!-- end of values -->)", re.DOTALL)


def resolved(schema, root):
    """A schema with what it refers to; its own description and default come first."""
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    return {**root["definitions"][name], **schema} if name else schema


def leaves(schema, root, path=()):
    """Each value that has a default, and each section: path and schema."""
    for name, child in schema["properties"].items():
        child = resolved(child, root)
        yield (*path, name), child
        if "default" not in child:
            yield from leaves(child, root, (*path, name))


def values(root) -> str:
    lines = [
        "# The chart's values with their defaults. Made by config/helm/build.py from values.schema.json: do not edit.",
        "# Helm refuses unknown values and wrong ones.",
    ]
    for path, schema in leaves(root, root):
        indent = "  " * (len(path) - 1)
        if len(path) == 1:
            lines.append("")
        lines += textwrap.wrap(
            schema["description"],
            118,
            initial_indent=f"{indent}# ",
            subsequent_indent=f"{indent}# ",
            break_on_hyphens=False,
        )
        lines += (
            yaml(f"{indent}{path[-1]}:", indent, schema["default"]) if "default" in schema else [f"{indent}{path[-1]}:"]
        )
    return "\n".join(lines) + "\n"


def yaml(head, indent, value):
    """A default as lines: maps of maps and lists of maps as blocks, all else on one line, as JSON, which is YAML."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [head] + [f"{indent}  - {json.dumps(item)}" for item in value]
    if isinstance(value, dict) and any(isinstance(child, dict) for child in value.values()):
        return [head] + [
            line for name, child in value.items() for line in yaml(f"{indent}  {name}:", f"{indent}  ", child)
        ]
    return [f"{head} {json.dumps(value)}"]


def kind(schema) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {"object": "map", "array": "list", "string": "text", "boolean": "switch"}
    return " or ".join(words.get(name, name) for name in kinds)


def table(root) -> str:
    rows = ["\n", "| value | kind | default | meaning |\n", "|---|---|---|---|\n"]
    for path, schema in leaves(root, root):
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        described = schema["description"].replace("|", "\\|").replace("<", "&lt;")
        if "default" in schema:
            rows.append(f"| `{'.'.join(path)}` | {kind(schema)} | {default} | {described} |\n")
        else:
            rows.append(f"| **`{'.'.join(path)}`** | | | {described} |\n")
    return "".join(rows) + "\n"


def main() -> int:
    root = json.loads((CHART / "values.schema.json").read_text())
    readme = (CHART / "README.md").read_text()
    if not TABLE.search(readme):
        print("README.md has no place for the table of values", file=sys.stderr)
        return 1
    made = {"values.yaml": values(root), "README.md": TABLE.sub(lambda _: table(root), readme)}
    if "--check" not in sys.argv[1:]:
        for name, text in made.items():
            (CHART / name).write_text(text)
        return 0
    stale = [name for name, text in made.items() if not (CHART / name).exists() or (CHART / name).read_text() != text]
    for name in stale:
        print(
            f"config/helm/tare/{name} is not what values.schema.json makes: run python3 config/helm/build.py",
            file=sys.stderr,
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
