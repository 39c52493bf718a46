#!/usr/bin/env bash
# The same decimal columns give other cents and other products in pyarrow, polars and duckdb.
#
# Versions:   pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1 (PyPI).
# Guess:      Decimals are exact, so a cost of DECIMAL(28,12) rounds to the same cents in each reader, and price times quantity is the cost.
# Happens:    0.125 to cents is 0.13 in duckdb, 0.12 in polars and pyarrow, which round half to even (polars by a cast as well); a cast
#             in pyarrow is an error. A price of scale 12 times a quantity of scale 9: duckdb has all 21 digits, polars rounds to 12 without
#             a word, pyarrow refuses. The mean is floating point in duckdb and polars, a decimal cut to 12 digits in pyarrow.
# Matters:    An export is checked by reading it back: unit price times quantity must be the list cost to the last digit, and cents must
#             sum to the bill. Export both figures ready, and let nobody multiply or round to check them.
# Documented: Rounding half to even is, for polars' and pyarrow's round(); the scale of a product is for duckdb.
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
from decimal import Decimal
import duckdb, polars, pyarrow, pyarrow.compute as compute, pyarrow.parquet

table = pyarrow.table({
    "cost": pyarrow.array([Decimal("0.125"), Decimal("0.135")], pyarrow.decimal128(28, 12)),
    "price": pyarrow.array([Decimal("0.000000000001"), Decimal("0.000000000001")], pyarrow.decimal128(28, 12)),
    "quantity": pyarrow.array([Decimal("1.500000001"), Decimal("2.000000001")], pyarrow.decimal128(18, 9)),
})
pyarrow.parquet.write_table(table, "costs.parquet")
table = pyarrow.parquet.read_table("costs.parquet")
frame = polars.read_parquet("costs.parquet")
plain = lambda values: " ".join(f"{value:f}" for value in values)
cents = lambda values: " ".join(f"{value:.2f}" for value in values)

def attempt(action):
    try:
        return action()
    except pyarrow.ArrowInvalid:
        return "error"

query = lambda columns: duckdb.sql(f"select {columns} from 'costs.parquet'").fetchall()
print("cents duckdb", cents(row[0] for row in query("round(cost, 2)")))
print("cents polars", cents(frame["cost"].round(2)))
print("cents pyarrow", cents(compute.round(table["cost"], 2).to_pylist()))
print("cast duckdb", cents(row[0] for row in query("cost::decimal(18, 2)")))
print("cast polars", cents(frame["cost"].cast(polars.Decimal(18, 2))))
print("cast pyarrow", attempt(lambda: cents(table["cost"].cast(pyarrow.decimal128(18, 2)).to_pylist())))
print("product duckdb", plain(row[0] for row in query("price * quantity")))
print("product polars", plain(frame["price"] * frame["quantity"]))
print("product pyarrow", attempt(lambda: plain(compute.multiply(table["price"], table["quantity"]).to_pylist())))
print("mean duckdb", query("typeof(avg(cost))")[0][0])
print("mean polars", frame.select(polars.col("cost").mean()).schema["cost"])
print("mean pyarrow", compute.mean(table["cost"]).type)
PYTHON
venv/bin/python read.py > seen
seen() { sed -n "s/^$1 //p" seen; }
check "0.125 and 0.135 rounded, duckdb" "$(seen 'cents duckdb')" "0.13 0.14"
check "0.125 and 0.135 rounded, polars" "$(seen 'cents polars')" "0.12 0.14"
check "0.125 and 0.135 rounded, pyarrow" "$(seen 'cents pyarrow')" "0.12 0.14"
check "0.125 and 0.135 cast, duckdb" "$(seen 'cast duckdb')" "0.13 0.14"
check "0.125 and 0.135 cast, polars" "$(seen 'cast polars')" "0.12 0.14"
check "0.125 and 0.135 cast, pyarrow" "$(seen 'cast pyarrow')" error
check "price times quantity, duckdb" "$(seen 'product duckdb')" "0.000000000001500000001 0.000000000002000000001"
check "price times quantity, polars" "$(seen 'product polars')" "0.000000000002 0.000000000002"
check "price times quantity, pyarrow" "$(seen 'product pyarrow')" error
check "type of the mean, duckdb" "$(seen 'mean duckdb')" DOUBLE
check "type of the mean, polars" "$(seen 'mean polars')" Float64
check "type of the mean, pyarrow" "$(seen 'mean pyarrow')" "decimal128(28, 12)"
