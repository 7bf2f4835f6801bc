"""Asks DuckDB (from PyPI) about the Parquet files of a trace store: a third opinion.

Usage: duckdb.py <folder with the package> <folder with the files>; prints a line of JSON a question.
"""

import json
import sys

sys.path = [sys.argv[1], *[path for path in sys.path if not path.endswith("tests/clickhouse")]]

import duckdb  # noqa: E402

SPANS = f"read_parquet('{sys.argv[2]}/spans/*/*.parquet', hive_partitioning = false)"
QUESTIONS = {
    "latency by hour and lane": f"""
        select epoch_ns(time) // 3600000000000 * 3600, lane, count(*)::double,
            quantile_disc(duration, 0.5)::double, quantile_disc(duration, 0.95)::double
        from {SPANS} group by all""",
    "cost and tokens by model": f"""
        select null, model, count(*)::double, sum(cost), sum(output_tokens)::double
        from {SPANS} group by all""",
    "errors by customer of an attribute": f"""
        select null, attribute['customer'], count(*)::double,
            avg((status = 'error')::int), count(distinct user)::double
        from {SPANS} where route = 'POST /tickets' group by all""",
}
for name, question in QUESTIONS.items():
    rows = duckdb.sql(question).fetchall()
    print(json.dumps({"question": name, "rows": rows}))
