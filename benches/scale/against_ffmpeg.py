"""Files per second: `prepare-voxceleb` beside one ffmpeg process a file, taking turns.

    python3 benches/scale/against_ffmpeg.py MADE --prepare "target/release/siamang prepare voxceleb" [--rounds 3]

MADE is what `make_voxceleb.py` made. Each round packs the first 540 entries of the split archive, and converts as many
files of the same recordings with `ffmpeg -i x.m4a x.wav`, as many processes at a time as there are cores.
"""

import argparse
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

SPEAKERS, FILES = 3, 540


def timed(work):
    begin = time.monotonic()
    work()
    return FILES / (time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("made", type=pathlib.Path)
    parser.add_argument("--prepare", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    recordings = sorted((args.made / "m4a").glob("*.m4a"))
    with tempfile.TemporaryDirectory() as folder:
        store, wavs = pathlib.Path(folder, "store"), pathlib.Path(folder, "wav")
        command = [*shlex.split(args.prepare), "--quiet", "--vox2", args.made / "vox2", "--out", store,
                   "--limit-speakers", str(SPEAKERS)]

        def ours():
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        def convert(number):
            source = recordings[number % len(recordings)]
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, wavs / f"{number}.wav"], check=True)

        def theirs():
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(convert, range(FILES)))

        speeds = []
        for _ in range(args.rounds):
            for path in (store, wavs):
                shutil.rmtree(path, ignore_errors=True)
            wavs.mkdir()
            pair = timed(ours), timed(theirs)
            speeds.append(pair)
            print(f"prepare-voxceleb {pair[0]:.0f} files/s, ffmpeg {pair[1]:.1f} files/s, ratio {pair[0] / pair[1]:.1f}")
        print(f"median ratio {statistics.median(a / b for a, b in speeds):.1f}")


main()
