#!/usr/bin/env python3
"""Makes g711.json and filters.json beside it. Ran with Python 3.11.7 (its `audioop`, gone since 3.13), SciPy 1.17.1 and NumPy 2.4.6.

g711.json: for each law, the first of all 65,536 samples of 16 bits, in rising order, that has another code than the one before, with
its code; and the sample that each code stands for.
filters.json: a second of noise through Butterworth high-pass filters, and a sound with an impulse response behind it, both in 64 bits.
"""
import json, pathlib, struct, sys, warnings

here = pathlib.Path(__file__).parent
if "g711" in sys.argv:
    warnings.simplefilter("ignore")
    import audioop
    every = struct.pack("<65536h", *range(-32768, 32768))
    laws = {}
    for law, encode, decode in (("mu", audioop.lin2ulaw, audioop.ulaw2lin), ("a", audioop.lin2alaw, audioop.alaw2lin)):
        codes = encode(every, 2)
        changes = [(i - 32768, codes[i]) for i in range(65536) if i == 0 or codes[i] != codes[i - 1]]
        laws[law] = dict(changes=changes, samples=list(struct.unpack("<256h", decode(bytes(range(256)), 2))))
    (here / "g711.json").write_text(json.dumps(laws))
if "filters" in sys.argv:
    import numpy as np
    from scipy.signal import butter, sosfilt, fftconvolve
    short = lambda values: [float(f"{v:.9g}") for v in values]
    x = np.array([((i * 7919) % 1000) / 500 - 1 for i in range(600)])
    filters = []
    for order, hz, fs in ((4, 250, 8000), (2, 50, 16000)):
        y = sosfilt(butter(order, hz, "high", fs=fs, output="sos"), x)
        filters.append(dict(order=order, hz=hz, rate=fs, output=short(y)))
    h = np.array([((i * 104729) % 997) / 498.5 - 1 for i in range(300)]) * np.exp(-np.arange(300) / 60)
    h[:4] = [0.1, 0.0, 3.0, -0.2]
    convolved = fftconvolve(x, h)
    (here / "filters.json").write_text(json.dumps(dict(
        input=short(x), filters=filters, response=short(h), direct=2, convolved=short(convolved))))
