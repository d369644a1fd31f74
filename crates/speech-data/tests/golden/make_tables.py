"""Writes `tables/`: lists and archives of the same four short recordings as other libraries write them.

Run in this folder: python make_tables.py
Needs lhotse 1.33.0, webdataset 1.0.2, datasets 5.2.0 with pyarrow 26.0.1, kaldiio 2.18.1, soundfile 0.14.0, torch 2.15.0.
The recordings are the first 0.6 s of two utterances of two voices of data/voices, as FLAC at 16 kHz, and one of two channels.
WeSpeaker's lists and tars are written with the same calls as its tools/make_raw_list.py and tools/make_shard_list.py.
SpeechBrain's table has the columns of its recipes/VoxCeleb/voxceleb_prepare.py, NeMo's those of
scripts/speaker_tasks/filelist_to_manifest.py.
"""

import csv
import io
import json
import os
import shutil
import tarfile

import kaldiio
import numpy as np
import soundfile
import webdataset
from datasets import Audio, ClassLabel, Dataset
from datasets.table import embed_table_storage
from lhotse import CutSet, MonoCut, Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.cut import MultiCut

VOICES = "../../../../data/voices"
CLIPS = [("v01", "v01/s1/u1.ogg"), ("v01", "v01/s2/u1.ogg"), ("v02", "v02/s1/u1.ogg"), ("v02", "v02/s2/u1.ogg")]
RATE = 16_000

shutil.rmtree("tables", ignore_errors=True)
os.makedirs("tables/audio")
os.chdir("tables")
clips = []
for number, (speaker, path) in enumerate(CLIPS):
    samples, rate = soundfile.read(f"../{VOICES}/{path}", dtype="int16")
    assert rate == RATE
    name = f"{speaker}-{number}"
    file = f"audio/{name}.flac"
    soundfile.write(file, samples[RATE // 2 :][: RATE * 6 // 10], RATE)
    clips.append((name, speaker, file))
stereo = np.stack([soundfile.read(clips[0][2], dtype="int16")[0], soundfile.read(clips[2][2], dtype="int16")[0]], 1)
soundfile.write("audio/both.flac", stereo, RATE)

# Lhotse
recordings = RecordingSet.from_recordings(Recording.from_file(file, recording_id=name) for name, _, file in clips)
both = Recording.from_file("audio/both.flac", recording_id="both")
supervisions = SupervisionSet.from_segments(
    SupervisionSegment(id=f"{name}-sup", recording_id=name, start=0.1, duration=0.4, channel=0, speaker=speaker, gender="m")
    for name, speaker, _ in clips
)
recordings.to_file("lhotse_recordings.jsonl.gz")
supervisions.to_file("lhotse_supervisions.jsonl.gz")
cuts = CutSet.from_manifests(recordings=recordings, supervisions=supervisions)
cuts.to_file("lhotse_cuts.jsonl.gz")
cuts.trim_to_supervisions(keep_overlapping=False).to_file("lhotse_trimmed.jsonl")
channels = [
    MonoCut(id=f"both-{channel}", start=0.0, duration=both.duration, channel=channel, recording=both, supervisions=[
        SupervisionSegment(id=f"both-{channel}", recording_id="both", start=0.0, duration=both.duration, channel=channel, speaker=speaker)])
    for channel, speaker in enumerate(["v01", "v02"])
]
whole = MultiCut(id="both-all", start=0.0, duration=both.duration, channel=[0, 1], recording=both, supervisions=[
    SupervisionSegment(id="both-all", recording_id="both", start=0.0, duration=both.duration, channel=[0, 1], speaker="v01")])
CutSet.from_cuts([*channels, whole]).to_file("lhotse_channels.jsonl")
first = cuts[0]
CutSet.from_cuts([first.pad(duration=1.0)]).to_file("lhotse_mixed.jsonl")

# WeSpeaker: keys of its VoxCeleb recipe end in `.wav`
keys = [(f"{speaker}/{name}.wav", speaker, file) for name, speaker, file in clips]
with open("raw.list", "w", encoding="utf8") as out:
    for key, speaker, file in keys:
        out.write(json.dumps(dict(key=os.path.splitext(key)[0], spk=speaker, wav=file), ensure_ascii=False) + "\n")
os.makedirs("shards")
with open("shard.list", "w", encoding="utf8") as shard_list:
    for number in range(2):
        shard = f"shards/shards_{number:09d}.tar"
        with tarfile.open(shard, "w") as tar:
            for key, speaker, file in keys[2 * number : 2 * number + 2]:
                for name, data in [(f"{key}.spk", speaker.encode()), (f"{key}.flac", open(file, "rb").read())]:
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
        shard_list.write(shard + "\n")

# WebDataset
speakers = sorted({speaker for _, speaker, _ in clips})
for ending in ["json", "cls"]:
    with webdataset.TarWriter(f"webdataset_{ending}.tar", mtime=0) as out:
        for name, speaker, file in clips:
            label = {"speaker_id": speaker, "text": "-"} if ending == "json" else speakers.index(speaker)
            out.write({"__key__": name, "flac": open(file, "rb").read(), ending: label})

# Hugging Face datasets: sounds in the table, in two groups of rows
def table(name, labels, feature=None):
    data = Dataset.from_dict({"audio": [file for *_, file in clips], name: labels, "id": [clip[0] for clip in clips]})
    data = data.cast_column("audio", Audio())
    if feature is not None:
        data = data.cast_column(name, feature)
    data = data.with_format("arrow").map(embed_table_storage, batched=True).with_format(None)
    data.to_parquet(f"datasets_{name}.parquet", batch_size=2)

table("speaker_id", [speaker for _, speaker, _ in clips])
table("label", [speakers.index(speaker) for _, speaker, _ in clips], ClassLabel(names=speakers))

# kaldiio: an archive of WAV files, one of its own framing, and a list of both
os.makedirs("kaldi")
with kaldiio.WriteHelper("ark,scp:kaldi/wav.ark,kaldi/a.scp") as out:
    for name, _, file in clips[:2]:
        samples, rate = soundfile.read(file, dtype="int16")
        out(name, (rate, samples))
with kaldiio.WriteHelper("ark,scp:kaldi/flac.ark,kaldi/b.scp", write_function="soundfile") as out:
    for name, _, file in clips[2:]:
        samples, rate = soundfile.read(file, dtype="int16")
        out(name, (rate, samples))
with open("kaldi/wav.scp", "w") as out:
    for part in "ab":
        with open(f"kaldi/{part}.scp") as lines:
            out.write(lines.read().replace("kaldi/", ""))
        os.remove(f"kaldi/{part}.scp")
with open("kaldi/utt2spk", "w") as out:
    out.writelines(f"{name} {speaker}\n" for name, speaker, _ in clips)

# SpeechBrain and NeMo: parts of the stereo file's length
with open("speechbrain.csv", "w") as out:
    rows = csv.writer(out, delimiter=",", quotechar='"', quoting=csv.QUOTE_MINIMAL)
    rows.writerow(["ID", "duration", "wav", "start", "stop", "spk_id"])
    for name, speaker, file in clips:
        for start, stop in [(0, 4_800), (4_800, 9_600)]:
            rows.writerow([f"{name}_{start}_{stop}", "0.3", f"$data_root/{file}", start, stop, speaker])
with open("nemo.json", "w") as out:
    for _, speaker, file in clips:
        for offset in [0.0, 0.3]:
            out.write(json.dumps({"audio_filepath": file, "offset": offset, "duration": 0.3, "label": speaker}) + "\n")
with open("train_list.txt", "w") as out:
    out.writelines(f"{speaker} {file}\n" for _, speaker, file in clips)
