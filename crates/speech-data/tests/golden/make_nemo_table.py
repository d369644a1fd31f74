"""Writes `tables/nemo_infer.json` and `tables/nemo_writer.json` by NeMo's own functions.

Run in this folder, after make_tables.py, with the wheel of nemo_toolkit 3.0.0 unpacked:
    pip download --no-deps nemo_toolkit==3.0.0 && unzip nemo_toolkit-*.whl -d NEMO && python make_nemo_table.py NEMO
Of NeMo the one file `nemo/collections/asr/parts/utils/manifest_utils.py` is run, as it is; what that imports and these functions do
not call (librosa, NeMo's logging) is stood for by empty modules, since NeMo as a whole takes gigabytes.
"""

import importlib.util
import os
import sys
from unittest import mock

for name in ["librosa", "nemo", "nemo.collections.asr.parts.utils.speaker_utils", "nemo.utils", "nemo.utils.data_utils"]:
    sys.modules[name] = mock.MagicMock()
spec = importlib.util.spec_from_file_location(
    "manifest_utils", os.path.join(sys.argv[1], "nemo/collections/asr/parts/utils/manifest_utils.py")
)
manifest_utils = importlib.util.module_from_spec(spec)
spec.loader.exec_module(manifest_utils)

os.chdir("tables")
clips = [f"audio/{name}.flac" for name in ["v01-0", "v01-1", "v02-2", "v02-3"]]
with open("wavs.list", "w") as out:
    out.writelines(f"{clip}\n" for clip in clips)
# What is embedded before diarization: no lengths, and the placeholder `infer` for the speaker.
manifest_utils.create_manifest("wavs.list", "nemo_infer.json")
os.remove("wavs.list")
# What a speaker network is trained on.
rows = [
    {"audio_filepath": clip, "offset": offset, "duration": 0.3, "label": clip[6:9]} for clip in clips for offset in [0.0, 0.3]
]
manifest_utils.write_manifest("nemo_writer.json", rows)
