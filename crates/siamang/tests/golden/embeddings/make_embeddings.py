"""Writes the files of embeddings here, as the libraries that people have write them.

Run with NumPy 2.4.6, pandas 3.1.1, Polars 2.1.0, pyarrow 26.0.1, fastparquet 2026.9.0, kaldiio 2.18.1:
    pip install numpy pandas polars pyarrow fastparquet kaldiio && python make_embeddings.py

Every file has the same six embeddings of four values, multiples of 1/4, which float16 holds exactly, of recordings s0/u0.wav to
s2/u1.wav; `bad.*` have besides a row of zeros, one with a NaN and one with an infinite value.
"""

import json
import os
import pathlib

import kaldiio
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

os.chdir(pathlib.Path(__file__).parent)
ids = [f"s{s}/u{u}.wav" for s in range(3) for u in range(2)]
speakers = [name.split("/")[0] for name in ids]
matrix = np.array([[(7 * row + 3 * column) % 11 * 0.25 - 1.25 for column in range(4)] for row in range(6)])


def names(path, of=ids):
    pathlib.Path(path).write_text("".join(name + "\n" for name in of))


# NumPy
for name, array in {
    "f64": matrix,
    "f16": matrix.astype("f2"),
    "big": matrix.astype(">f4"),
    "fortran": np.asfortranarray(matrix.astype("f4")),
    "fortran_big64": np.asfortranarray(matrix.astype(">f8")),
    "speechbrain": matrix.astype("f4")[:, None, :],
}.items():
    np.save(f"{name}.npy", array)
    names(f"{name}.npy.ids.txt")
np.save("object.npy", np.array([row for row in matrix] + [None], dtype=object)[:6])
names("object.npy.ids.txt")
np.save("integers.npy", np.arange(24).reshape(6, 4))
names("integers.npy.ids.txt")
np.save("nameless.npy", matrix)
np.savez("named.npz", ids=np.array(ids), embeddings=matrix, speakers=np.array(speakers), seconds=np.ones(6))
np.savez_compressed("bytes.npz", utts=np.array(ids, dtype="S"), x=matrix.astype("f2"))
np.savez("one_each.npz", **dict(zip(ids, matrix.astype("f4"))))
np.savez("objects.npz", ids=np.array(ids, dtype=object), embeddings=matrix)
np.savez("two.npz", a=matrix, b=matrix, ids=np.array(ids))

# Parquet
lists = pd.DataFrame({"id": ids, "embedding": list(matrix)})
for compression in ["zstd", "gzip", "lz4", "brotli", "snappy"]:
    lists.to_parquet(f"pandas_{compression}.parquet", compression=compression)
lists.assign(speaker=pd.Categorical(speakers)).set_index("id").to_parquet("pandas_index.parquet")
flat = pd.DataFrame(matrix, columns=[f"e{column}" for column in range(4)])
flat.insert(0, "utt", ids)
flat.to_parquet("pandas_flat.parquet")
flat.to_parquet("fastparquet_flat.parquet", engine="fastparquet", compression="GZIP")
plain = pd.DataFrame(matrix.astype("f4"), index=ids)
plain.columns = plain.columns.astype(str)
plain.to_parquet("pandas_plain.parquet")
flat.drop(columns="e2").to_parquet("pandas_gap.parquet")
pl.DataFrame({"path": ids, "vector": matrix.tolist()}).write_parquet("polars.parquet")
pl.DataFrame({"path": ids, "vector": matrix.tolist()}, schema={"path": pl.String, "vector": pl.Array(pl.Float32, 4)}).write_parquet("polars_array.parquet")
pl.DataFrame({"key": ids, "result": [{"emb": row} for row in matrix.tolist()]}).write_parquet("polars_struct.parquet")
halves = pa.FixedSizeListArray.from_arrays(pa.array(matrix.astype("f2").ravel(), pa.float16()), 4)
pq.write_table(pa.table({"id": pa.array(ids, pa.large_string()), "embedding": halves}), "pyarrow_f16.parquet")
large = pa.LargeListArray.from_arrays(pa.array(range(0, 25, 4), pa.int64()), pa.array(matrix.ravel()))
pq.write_table(pa.table({"id": ids, "embedding": large}), "pyarrow_large.parquet", compression="zstd")
pq.write_table(pa.table({"n": [1, 2], "m": ["a", "b"]}), "nothing.parquet")

# JSON
with open("others.jsonl", "w") as file:
    for name, speaker, row in zip(ids, speakers, matrix.tolist()):
        file.write(json.dumps({"utt_id": name, "spk": speaker, "emb": [row], "dur": 1.5}) + "\n")
pathlib.Path("dictionary.json").write_text(json.dumps(dict(zip(ids, matrix.tolist()))))

# Kaldi
vectors = dict(zip(ids, matrix.astype("f4")))
kaldiio.save_ark("float.ark", vectors, scp="float.scp")
kaldiio.save_ark("double.ark", dict(zip(ids, matrix)))
kaldiio.save_ark("text.ark", vectors, text=True)
kaldiio.save_ark("features.ark", {"a": np.ones((5, 4), dtype="f4")})
kaldiio.save_ark("compressed.ark", {"a": np.arange(80, dtype="f4").reshape(20, 4)}, compression_method=2)

# What is no voice
bad = np.vstack([matrix, np.zeros(4), [1, np.nan, 0, 0], [np.inf, 0, 0, 1]])
bad_ids = ids + ["zero.wav", "nan.wav", "inf.wav"]
np.save("bad.npy", bad)
names("bad.npy.ids.txt", bad_ids)
pd.DataFrame({"id": bad_ids, "embedding": list(bad)}).to_parquet("bad.parquet")
pl.DataFrame({"id": ids + ["missing.wav"], "embedding": matrix.tolist() + [None]}).write_parquet("missing.parquet")
with open("bad.jsonl", "w") as file:
    for name, row in zip(bad_ids, bad.tolist()):
        file.write(json.dumps({"id": name, "embedding": row}) + "\n")
kaldiio.save_ark("bad.ark", dict(zip(bad_ids, bad.astype("f4"))))

for path in sorted(pathlib.Path(".").iterdir()):
    print(path, path.stat().st_size)
