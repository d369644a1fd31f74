"""A VoxCeleb2 of any size in the published layout: split zip64 archive, m4a by ffmpeg's AAC encoder, real lengths.

    python3 benches/scale/make_voxceleb.py OUT [--entries 20000] [--frames vox2_dev_aac_frames.txt.xz]

Needs ffmpeg and Python 3.8, nothing else. Lengths are drawn from the published ones (`--frames`, lines of
`speaker/video utt:frames …`, a frame being 1,024 samples at 16 kHz), or from a log-normal distribution that has their
median and 99th percentile. 96 different recordings of noise shaped like speech are encoded at 64 kbit/s and used under
as many names as there are entries.
"""

import argparse
import lzma
import math
import pathlib
import random
import subprocess
import tempfile
import zipfile

DIFFERENT = 96
PART_BYTES = 256 << 20


def lengths(frames, count, rng):
    """Lengths of `count` recordings, in frames of 1,024 samples."""
    if frames is None:
        sigma = math.log(28.9 / 6.08) / 2.326
        return [max(62, round(6.08 * math.exp(rng.gauss(0, sigma)) * 16000 / 1024)) for _ in range(count)]
    with lzma.open(frames, "rt") as file:
        all_frames = [int(item.split(":")[1]) for line in file for item in line.split()[1:]]
    return rng.sample(all_frames, count)


def encode(path, frames, seed):
    """Noise with the spectrum and the syllables of speech, as m4a."""
    noise = f"anoisesrc=color=pink:sample_rate=16000:seed={seed}:duration={frames * 1024 / 16000}"
    shape = "lowpass=f=3500,tremolo=f=4:d=0.9,volume=0.8"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"{noise},{shape}", "-ac", "1", "-c:a", "aac",
               "-b:a", "64k", str(path)]
    subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--entries", type=int, default=20000)
    parser.add_argument("--frames", type=pathlib.Path)
    args = parser.parse_args()
    rng = random.Random(7)
    args.out.mkdir(parents=True)
    files = args.out / "m4a"
    files.mkdir()
    recordings = []
    for number, frames in enumerate(lengths(args.frames, DIFFERENT, rng)):
        path = files / f"{number:03}.m4a"
        encode(path, frames, number)
        recordings.append(path.read_bytes())
    joined = args.out / "joined.zip"
    with zipfile.ZipFile(joined, "w", zipfile.ZIP_STORED) as archive:
        for number in range(args.entries):
            speaker, video = number // 180, number // 7
            name = f"dev/aac/id{12 + speaker:05}/video{video:06}/{number % 180 + 1:05}.m4a"
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                entry.write(recordings[number % DIFFERENT])
    archive = args.out / "vox2"
    archive.mkdir()
    with open(joined, "rb") as file:
        for number, part in enumerate(iter(lambda: file.read(PART_BYTES), b"")):
            first, second = divmod(number, 26)
            (archive / f"vox2_dev_aac_part{chr(97 + first)}{chr(97 + second)}").write_bytes(part)
    joined.unlink()


main()
