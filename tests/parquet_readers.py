"""What DuckDB and Polars read from the Parquet files of `siamang embed`: the same rows, as they are.

    python3 -m venv V && V/bin/pip install duckdb==2.0.1 polars==2.1.0
    siamang embed data/voices --shard 1/2 --out parts/1.parquet
    siamang embed data/voices --shard 2/2 --out parts/2.parquet
    V/bin/python tests/parquet_readers.py 'parts/*.parquet'
"""

import sys

import duckdb
import polars


def main(pattern):
    by_duckdb = duckdb.sql(
        f"select id, speaker, embedding::float[] as embedding from read_parquet('{pattern}') order by id"
    ).fetchall()
    frame = polars.read_parquet(pattern).sort("id")
    by_polars = [(row["id"], row["speaker"], row["embedding"]) for row in frame.iter_rows(named=True)]
    assert len(by_duckdb) == len(by_polars) > 0, (len(by_duckdb), len(by_polars))
    for (a, b) in zip(by_duckdb, by_polars):
        assert a[:2] == b[:2], (a[:2], b[:2])
        assert list(a[2]) == list(b[2]), a[0]
        norm = sum(x * x for x in a[2]) ** 0.5
        assert abs(norm - 1) < 1e-4, (a[0], norm)
    dim = len(by_duckdb[0][2])
    assert frame.schema["embedding"] == polars.Array(polars.Float32, dim), frame.schema
    # The nearest neighbour of every recording, where the vectors lie: how often is it the same speaker?
    share = duckdb.sql(
        f"""
        with e as (select id, speaker, embedding::float[{dim}] as v from read_parquet('{pattern}')),
        best as (
            select a.speaker = arg_max(b.speaker, array_cosine_similarity(a.v, b.v)) as hit
            from e a join e b on a.id <> b.id group by a.id, a.speaker
        )
        select avg(hit::int) from best
        """
    ).fetchall()[0][0]
    print(
        f"duckdb {duckdb.__version__}, polars {polars.__version__}: {len(by_duckdb)} rows of {dim}, equal; "
        f"nearest neighbour of the same speaker: {100 * share:.1f} %"
    )


main(sys.argv[1])
