#!/usr/bin/env bash
# Names of Parquet partitions become numbers in some readers: the cost centres 0042 and 42 are one.
#
# Versions:   pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1 (PyPI).
# Guess:      registry=0042/day=2026-12-01/ gives the text "0042" and a date, the same in each reader of Hive partitions.
# Happens:    pyarrow and polars read 42 as an integer, and lose which of 0042 and 42 it was; duckdb keeps such a text. The day is a date in
#             polars and duckdb, text in pyarrow. With one name that is no number among them, all are text everywhere.
# Matters:    An export is partitioned by registry and day. Bytes of two owners are summed as one, and a join with a table of names finds
#             nothing; the type can change with the names of one day. The names must be columns of the files too.
# Documented: That types are inferred, yes, in each; not that the readers differ.
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
python_packages pyarrow==26.0.1 polars==2.1.0 duckdb==2.0.1
cat > read.py <<'PYTHON'
import os, sys, duckdb, polars, pyarrow, pyarrow.dataset, pyarrow.parquet

folder = sys.argv[1]
for registry, day, size in (part.split(",") for part in sys.argv[2:]):
    path = f"{folder}/registry={registry}/day={day}"
    os.makedirs(path)
    pyarrow.parquet.write_table(pyarrow.table({"bytes": pyarrow.array([int(size)], pyarrow.int64())}), path + "/part.parquet")
by = lambda rows: " ".join(f"{name}:{size}" for name, size in sorted(rows, key=lambda row: str(row[0])))
arrow = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
sums = arrow.group_by("registry").aggregate([("bytes", "sum")])
print("pyarrow", arrow.schema.field("registry").type, arrow.schema.field("day").type, by(zip(sums["registry"].to_pylist(), sums["bytes_sum"].to_pylist())))
frame = polars.scan_parquet(folder + "/**/*.parquet", hive_partitioning=True).collect()
print("polars", frame.schema["registry"], frame.schema["day"], by(frame.group_by("registry").agg(polars.col("bytes").sum()).rows()))
files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
print("duckdb", *duckdb.sql(f"select typeof(registry), typeof(day) from {files} limit 1").fetchall()[0],
      by(duckdb.sql(f"select registry, sum(bytes) from {files} group by registry").fetchall()))
PYTHON
venv/bin/python read.py digits 0042,2026-12-01,1 42,2026-12-01,2 > digits.txt
venv/bin/python read.py mixed 0042,2026-12-01,1 42,2026-12-01,2 reg.example.com,2026-12-01,4 > mixed.txt
seen() { sed -n "s/^$2 //p" "$1.txt"; }
check "pyarrow" "$(seen digits pyarrow)" "int32 string 42:3"
check "polars" "$(seen digits polars)" "Int64 Date 42:3"
check "duckdb" "$(seen digits duckdb)" "VARCHAR DATE 0042:1 42:2"
check "pyarrow, with a name" "$(seen mixed pyarrow)" "string string 0042:1 42:2 reg.example.com:4"
check "polars, with a name" "$(seen mixed polars)" "String Date 0042:1 42:2 reg.example.com:4"
check "duckdb, with a name" "$(seen mixed duckdb)" "VARCHAR DATE 0042:1 42:2 reg.example.com:4"
