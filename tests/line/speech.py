"""A sound file of speech, for the fake microphone of Chromium.

Spoken by espeak-ng where it is installed, else vowels of `media.load.speech`.
"""

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np

from media.load.speech import RATE_HZ, speech

TEXT = (
    "Kính thưa các đồng chí. Hôm nay chúng ta họp giao ban công tác phòng chống thiên tai. "
    "Đề nghị các điểm cầu báo cáo tình hình mưa lũ, số hộ dân phải di dời và việc chuẩn bị "
    "lương thực, thuốc men. Điểm cầu huyện K bang báo cáo trước, sau đó đến các huyện khác."
)


def speech_file(folder: Path) -> Path:
    path = folder / "speech.wav"
    if shutil.which("espeak-ng") is not None:
        arguments = ["espeak-ng", "-v", "vi", "-s", "150", "-w", str(path), TEXT]
        subprocess.run(arguments, check=True, timeout=60)
    else:
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE_HZ)
            sound.writeframes((speech(1, 20.0) * 32767).astype(np.int16).tobytes())
    return path
