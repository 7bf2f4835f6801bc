"""Sets Monitor's questions against DuckDB (from PyPI) on the same Parquet files.

    cargo bench --bench traces -- write 10000000 10 | pointsman traces import -
    python3 benches/traces/duckdb.py . target/release/pointsman

Prints the best of five runs of each: of pointsman the whole process, of DuckDB the query alone.
"""

import subprocess
import sys
import time

sys.path = [path for path in sys.path if not path.endswith("benches/traces")]

import duckdb  # noqa: E402

repository, pointsman = sys.argv[1:3]
SPANS = f"'{repository}/.git/pointsman/traces/spans/*/*.parquet'"
WINDOW = ["--window", "2026-03-02..2026-04-02"]
QUESTIONS = {
    "p50 and p95 of latency by hour and lane": (
        ["--by", "lane", "--bucket", "1h", "--per", "span", "--metric", "latency"],
        f"""select date_trunc('hour', time), lane, count(*), quantile_disc(duration, [0.5, 0.95, 0.99])
            from {SPANS} group by all""",
    ),
    "cost by prompt and model": (
        ["--by", "prompt,model", "--bucket", "31d", "--per", "span", "--metric", "cost"],
        f"""select prompt, model, count(*), sum(cost), quantile_disc(cost, [0.5, 0.95, 0.99])
            from {SPANS} group by all""",
    ),
}


def best_ms(run):
    """The shortest of five runs, in milliseconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


for name, (options, question) in QUESTIONS.items():
    command = [pointsman, "-C", repository, "monitor", "--json", *WINDOW, *options]
    ours = best_ms(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    theirs = best_ms(lambda: duckdb.sql(question).fetchall())
    print(f"{name:<42} pointsman {ours:8.0f} ms   DuckDB {theirs:8.0f} ms")
