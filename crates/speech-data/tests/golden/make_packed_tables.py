"""Writes `tables/packed_*.parquet`: the rows of `tables/datasets_label.parquet`, which `datasets` wrote, as pyarrow packs them otherwise.

Run in this folder, after make_tables.py: python make_packed_tables.py
Needs pyarrow 26.0.1. (`datasets` 5.2.0 itself leaves the choice of packing to pyarrow.)
"""

import pyarrow as pa
import pyarrow.parquet as pq

table = pq.read_table("tables/datasets_label.parquet")
for name in ["zstd", "gzip", "lz4"]:
    # All rows in one group, and pages of each format.
    pq.write_table(
        table,
        f"tables/packed_{name}.parquet",
        compression=name,
        row_group_size=len(table),
        data_page_version="2.0" if name == "zstd" else "1.0",
        use_dictionary=name != "lz4",
        data_page_size=10_000,
    )

# 64-bit offsets, which large groups need
audio = table.column("audio").combine_chunks()
large = pa.StructArray.from_arrays(
    [audio.field("bytes").cast(pa.large_binary()), audio.field("path").cast(pa.large_string())], names=["bytes", "path"]
)
pq.write_table(table.set_column(table.column_names.index("audio"), "audio", large), "tables/packed_large.parquet", compression="brotli")
