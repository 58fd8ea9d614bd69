"""FFmpeg's WHIP muxer through PyAV: H.264 and Opus in real time, until terminated.

python ffmpeg_encoder.py URL TOKEN FOLDER
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FPS = 25
WIDTH, HEIGHT = 640, 360
ORANGE = (230, 120, 20)
SECONDS = 120


def certificate(folder: Path) -> dict[str, str]:
    """A P-256 certificate: FFmpeg built with GnuTLS makes P-224 ones, which OpenSSL 4 refuses."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "encoder")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return {"cert_file": str(cert_file), "key_file": str(key_file)}


def picture(index: int) -> av.VideoFrame:
    pixels = np.full((HEIGHT, WIDTH, 3), ORANGE, np.uint8)
    left = index * 8 % (WIDTH - 40)
    pixels[10:50, left : left + 40] = 255
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def tone(first: int) -> av.AudioFrame:
    wave = np.sin((np.arange(960) + first) * 2 * np.pi * 440 / 48000)
    samples = np.repeat((wave * 8000).astype(np.int16), 2)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48000, first, Fraction(1, 48000)
    return frame


def main(url: str, token: str, folder: Path) -> None:
    options = {"authorization": token, **certificate(folder)}
    output = av.open(url, "w", format="whip", options=options)
    video = output.add_stream(
        "libx264",
        rate=FPS,
        options={"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "g": "50"},
    )
    video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    audio = output.add_stream("libopus", rate=48000, layout="stereo")
    begun, heard = time.monotonic(), 0
    for index in range(SECONDS * FPS):
        output.mux(video.encode(picture(index)))
        while heard < (index + 1) * 48000 // FPS:
            output.mux(audio.encode(tone(heard)))
            heard += 960
        time.sleep(max(0.0, begun + (index + 1) / FPS - time.monotonic()))


main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
