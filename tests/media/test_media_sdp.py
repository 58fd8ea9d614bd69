"""Offers of real browsers, and text that is no offer."""

import re
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import negotiated
from media.answer import LocalTransport, check_restart, negotiate, write_answer
from media.negotiated import NegotiatedMedia
from media.sdp import MAX_OFFER_BYTES, Offer, OfferRefused, parse_offer
from media.transport.ice import Credentials

CAPTURES = Path(__file__).parent.parent / "captures"
CHROMIUM = (CAPTURES / "chromium_156_offer_4+9.sdp").read_bytes().decode()
FIREFOX = (CAPTURES / "firefox_153esr_offer_4+9.sdp").read_bytes().decode()
FINGERPRINT = ":".join(["AB"] * 32)
LOCAL = LocalTransport(
    credentials=Credentials("abcd1234", "p" * 32),
    fingerprint=FINGERPRINT,
    candidates=(("10.77.0.1", 7000), ("192.0.2.5", 7000)),
)


def counting() -> Callable[[], int]:
    numbers = count(1000)
    return lambda: next(numbers)


def media_of(text: str) -> NegotiatedMedia:
    return negotiate(parse_offer(text), counting())


def answer_of(text: str) -> str:
    offer = parse_offer(text)
    return write_answer(offer, negotiate(offer, counting()), LOCAL, session_id=5, version=1)


def sections_of(sdp: str) -> list[list[str]]:
    return [block.split("\r\n") for block in sdp.rstrip("\r\n").split("\r\nm=")[1:]]


def small_offer(*sections: str) -> str:
    """A WHIP-like offer around m-sections; `{n}` in one is its mid."""
    mids = " ".join(str(n) for n in range(len(sections)))
    head = (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        f"a=group:BUNDLE {mids}\r\na=ice-ufrag:ufra\r\na=ice-pwd:{'w' * 22}\r\n"
        f"a=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\n"
    )
    return head + "".join(section.replace("{n}", str(n)) for n, section in enumerate(sections))


AUDIO = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{n}\r\na=sendonly\r\na=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
)


def video(*codecs: str, direction: str = "sendonly", extra: str = "") -> str:
    numbers = " ".join(str(100 + n) for n in range(len(codecs)))
    maps = "".join(
        f"a=rtpmap:{100 + n} {codec.split(' ')[0]}\r\n"
        + (f"a=fmtp:{100 + n} {codec.split(' ')[1]}\r\n" if " " in codec else "")
        for n, codec in enumerate(codecs)
    )
    return (
        f"m=video 9 UDP/TLS/RTP/SAVPF {numbers}\r\na=mid:{{n}}\r\na={direction}\r\n"
        f"a=rtcp-mux\r\n{maps}{extra}"
    )


@pytest.mark.parametrize("name", sorted(p.name for p in CAPTURES.glob("*_offer_*.sdp")))
def test_a_meeting_offer_gives_three_sources_and_all_slots(name: str) -> None:
    media = media_of((CAPTURES / name).read_bytes().decode())
    videos = 25 if "4+25" in name else 9
    assert [u.source for u in media.uplinks] == ["microphone", "camera", "screen"]
    assert [u.mid for u in media.uplinks] == ["0", "1", "2"]
    audio = [slot for slot in media.slots if slot.kind == "audio"]
    video_slots = [slot for slot in media.slots if slot.kind == "video"]
    assert [slot.index for slot in audio] == list(range(4))
    assert [slot.index for slot in video_slots] == list(range(videos))
    assert [slot.mid for slot in video_slots] == [str(n) for n in range(7, 7 + videos)]
    ssrcs = [s for slot in media.slots for s in (slot.ssrc, slot.rtx_ssrc) if s is not None]
    assert len(set(ssrcs)) == len(ssrcs) == 4 + 2 * videos


def test_chromium_numbers() -> None:
    media = media_of(CHROMIUM)
    camera = media.uplinks[1]
    assert camera.rids == ("q", "h", "f")
    assert [(c.key, c.payload_type, c.rtx_payload_type) for c in camera.codecs] == [
        ("vp8/90000", 96, 97)
    ]
    assert camera.extensions[negotiated.MID] == 4
    assert camera.extensions[negotiated.RID] == 10
    assert camera.extensions[negotiated.REPAIRED_RID] == 11
    assert camera.extensions[negotiated.TRANSPORT_CC] == 3
    assert camera.ssrcs == ()  # Chromium does not signal those of layers
    assert [(s.ssrc, s.rtx_ssrc) for s in media.uplinks[2].ssrcs] == [(3015644500, 3859433551)]
    assert media.uplinks[0].codecs[0].payload_type == 111  # RED (63) is not taken


def test_firefox_numbers_and_signalled_layers() -> None:
    media = media_of(FIREFOX)
    camera = media.uplinks[1]
    assert [(c.key, c.payload_type, c.rtx_payload_type) for c in camera.codecs] == [
        ("vp8/90000", 120, 124)
    ]
    assert [(s.ssrc, s.rtx_ssrc, s.rid) for s in camera.ssrcs] == [
        (3839916286, 3887942699, "q"),
        (401991304, 1012970274, "h"),
        (4241600592, 70894396, "f"),
    ]
    assert camera.extensions[negotiated.RID] == 9  # offered as "9/sendonly"


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])
def test_an_answer_keeps_the_rules_browsers_need(offer: str) -> None:
    answer = answer_of(offer)
    session, sections = answer.split("\r\nm=")[0], sections_of(answer)
    assert answer.endswith("\r\n")
    assert f"a=fingerprint:sha-256 {FINGERPRINT}" in session
    assert "a=ice-lite" in session
    assert "a=group:BUNDLE " + " ".join(str(n) for n in range(16)) in session
    assert len(sections) == 16
    for section in sections:
        assert {"a=setup:passive", "a=ice-ufrag:abcd1234", "a=rtcp-mux", "a=rtcp-rsize"} <= set(
            section
        )
        assert [line for line in section if line.startswith("a=candidate")] == [
            "a=candidate:1 1 udp 2130706431 10.77.0.1 7000 typ host",
            "a=candidate:2 1 udp 2130706175 192.0.2.5 7000 typ host",
        ]
    assert {"a=rid:q recv", "a=rid:h recv", "a=rid:f recv", "a=simulcast:recv q;h;f"} <= set(
        sections[1]
    )
    assert [next(d for d in s if d in ("a=recvonly", "a=sendonly")) for s in sections] == [
        "a=recvonly"
    ] * 3 + ["a=sendonly"] * 13


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])
def test_an_answer_uses_only_numbers_of_its_offer(offer: str) -> None:
    offered = sections_of(offer)
    for section, mine in zip(offered, sections_of(answer_of(offer)), strict=True):
        assert set(mine[0].split()[3:]) <= set(section[0].split()[3:])
        known = {re.sub("/[a-z]+ ", " ", line) for line in section if line.startswith("a=extmap")}
        assert {line for line in mine if line.startswith("a=extmap:")} <= known
        feedback = {line for line in mine if line.startswith("a=rtcp-fb")}
        assert feedback <= set(section)


def test_main_picture_and_main_voice_share_a_stream() -> None:
    streams = re.findall("a=msid:(\\S+) (\\S+)", answer_of(CHROMIUM))
    assert [track for stream, track in streams if stream == "main"] == ["audio0", "video0"]
    others = [stream for stream, _ in streams if stream != "main"]
    assert len(set(others)) == len(others) == 11


def test_slots_announce_their_ssrcs() -> None:
    offer = parse_offer(CHROMIUM)
    media = negotiate(offer, counting())
    answer = write_answer(offer, media, LOCAL, session_id=5, version=1)
    for slot in media.slots:
        assert f"a=ssrc:{slot.ssrc} cname:{media.cname}\r\n" in answer
        if slot.rtx_ssrc is not None:
            assert f"a=ssrc-group:FID {slot.ssrc} {slot.rtx_ssrc}\r\n" in answer


def test_our_ssrcs_avoid_those_of_the_offer_and_zero() -> None:
    draws = iter([0, 3015644500, 3859433551, *range(1, 100), 5])
    media = negotiate(parse_offer(CHROMIUM), lambda: next(draws))
    assert media.slots[0].ssrc == 1


def test_a_restart_keeps_media_and_takes_new_credentials() -> None:
    first = parse_offer((CAPTURES / "chromium_156_offer_restart.sdp").read_bytes().decode())
    media = negotiate(first, counting())
    check_restart(first, media)
    again = LocalTransport(Credentials("new-new-", "n" * 32), FINGERPRINT, LOCAL.candidates)
    answer = write_answer(first, media, again, session_id=5, version=2)
    assert "o=- 5 2 IN" in answer
    assert "a=ice-ufrag:new-new-" in answer
    assert f"a=ssrc:{media.slots[0].ssrc} " in answer


def test_a_restart_without_one_of_its_sections_is_refused() -> None:
    media = media_of(CHROMIUM)
    with pytest.raises(OfferRefused, match="malformed"):
        check_restart(parse_offer(small_offer(AUDIO)), media)


def test_unknown_sections_get_port_0_and_the_rest_is_taken() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:{n}\r\n"
    answer = answer_of(small_offer(data, AUDIO))
    first, second = sections_of(answer)
    assert first[0] == "application 0 UDP/DTLS/SCTP webrtc-datachannel"
    assert second[0] == "audio 7000 UDP/TLS/RTP/SAVPF 111"
    assert "a=group:BUNDLE 1\r\n" in answer
    assert any(line.startswith("a=candidate") for line in second)


def test_vp8_is_taken_before_h264_and_h264_before_vp9() -> None:
    h264 = "H264/90000 packetization-mode=1;profile-level-id=42e01f"
    for codecs, chosen in [
        (("VP9/90000", h264, "VP8/90000"), "vp8/90000"),
        (("VP9/90000", h264), "h264/90000/42/1"),
        (("H264/90000 profile-level-id=42e01f", "VP9/90000"), "vp9/90000/0"),
        (("AV1/90000",), "av1/90000"),
    ]:
        media = media_of(small_offer(video(*codecs)))
        assert [codec.key for codec in media.uplinks[0].codecs] == [chosen]


def test_a_slot_takes_every_understood_codec() -> None:
    high = "H264/90000 packetization-mode=1;profile-level-id=64001f"
    base = "H264/90000 packetization-mode=1;profile-level-id=42e01f"
    offer = small_offer(video(high, base, "VP9/90000", "VP8/90000", direction="recvonly"))
    assert [codec.key for codec in media_of(offer).slots[0].codecs] == [
        "vp8/90000",
        "h264/90000/42/1",
        "h264/90000/64/1",
    ]


def test_sendrecv_is_a_source_and_inactive_is_nothing() -> None:
    offer = small_offer(
        AUDIO.replace("sendonly", "sendrecv"), video("VP8/90000", direction="inactive")
    )
    media = media_of(offer)
    assert [u.source for u in media.uplinks] == ["microphone"]
    assert not media.slots
    assert "a=recvonly" in sections_of(answer_of(offer))[0]
    assert sections_of(answer_of(offer))[1][0].startswith("video 0 ")


def test_a_third_camera_is_not_taken() -> None:
    media = media_of(small_offer(*[video("VP8/90000")] * 3))
    assert [u.source for u in media.uplinks] == ["camera", "screen"]


def test_layers_without_a_rid_extension_are_not_told_apart() -> None:
    layers = "a=rid:a send\r\na=rid:b send\r\na=simulcast:send a;b\r\n"
    assert media_of(small_offer(video("VP8/90000", extra=layers))).uplinks[0].rids == ()
    layers += f"a=extmap:3 {negotiated.RID}\r\n"
    assert media_of(small_offer(video("VP8/90000", extra=layers))).uplinks[0].rids == ("a", "b")


def test_paused_layers_and_alternatives() -> None:
    layers = (
        "a=rid:a send\r\na=rid:b send\r\na=rid:c send\r\na=simulcast:send ~a,b;c;unannounced\r\n"
        f"a=extmap:3 {negotiated.RID}\r\n"
    )
    assert media_of(small_offer(video("VP8/90000", extra=layers))).uplinks[0].rids == ("a", "c")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("malformed", ""),
        ("malformed", "<html>"),
        ("malformed", "v=0\r\n"),
        ("malformed", small_offer(AUDIO).replace("a=mid:0\r\n", "")),
        ("malformed", small_offer(AUDIO, AUDIO).replace("a=mid:1", "a=mid:0")),
        ("malformed", small_offer(AUDIO).replace("a=ice-ufrag:ufra", "a=ice-ufrag:u")),
        ("malformed", small_offer(AUDIO).replace("a=ice-pwd:", "a=ice-pwd:!")),
        ("malformed", small_offer(AUDIO).replace("actpass", "holdconn")),
        ("malformed", small_offer(AUDIO).replace("m=audio 9", "m=audio nine")),
        ("no-fingerprint", small_offer(AUDIO).replace("sha-256", "sha-1")),
        ("no-fingerprint", small_offer(AUDIO).replace("AB:", "", 1)),
        ("no-known-codec", small_offer(AUDIO).replace("opus", "G722")),
        ("no-known-codec", small_offer(AUDIO).replace("a=rtcp-mux\r\n", "")),
        ("no-known-codec", small_offer(AUDIO).replace("m=audio 9", "m=audio 0")),
        ("too-large", "v=0" + " " * MAX_OFFER_BYTES),
        ("too-large", small_offer(*[AUDIO] * 129)),
    ],
)
def test_refusals_have_codes(code: str, text: str) -> None:
    with pytest.raises(OfferRefused) as refused:
        negotiate(parse_offer(text), counting())
    assert refused.value.code == code


def mutated(data: st.DataObject) -> str:
    lines = data.draw(st.sampled_from([CHROMIUM, FIREFOX])).split("\r\n")[:120]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "cut", "replace", "character"]))
        line = lines[at]
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, line)
        elif kind == "cut":
            lines[at] = line[: data.draw(st.integers(0, len(line)))]
        elif kind == "replace":
            lines[at] = data.draw(st.text(max_size=30))
        elif line:
            spot = data.draw(st.integers(0, len(line) - 1))
            lines[at] = line[:spot] + data.draw(st.characters()) + line[spot + 1 :]
    return "\r\n".join(lines)


def answered_or_refused(text: str) -> None:
    try:
        offer: Offer = parse_offer(text)
        media = negotiate(offer, counting())
    except OfferRefused as refusal:
        if refusal.code not in ("malformed", "no-fingerprint", "no-known-codec", "too-large"):
            raise
        return
    answer = write_answer(offer, media, LOCAL, session_id=5, version=1)
    assert re.fullmatch(r"(?:[a-z]=[ -~]*\r\n)+", answer), "one attribute a line, plain ASCII"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_mutated_offers_are_answered_or_refused(data: st.DataObject) -> None:
    answered_or_refused(mutated(data))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_random_text_is_refused(text: str) -> None:
    answered_or_refused(text)
    answered_or_refused("v=0\r\n" + text)


def test_redundant_voices_are_asked_of_publishers_and_offered_to_listeners() -> None:
    assert media_of(CHROMIUM).uplinks[0].codecs[0].red_payload_type == 63
    answer = answer_of(CHROMIUM)
    audio = [line for line in answer.split("\r\n") if line.startswith("m=audio")]
    assert audio[0].endswith(" 63 111")  # first: the browser sends it
    assert all(line.endswith(" 111 63") for line in audio[1:])
    assert answer.count("a=fmtp:63 111/111\r\n") == len(audio)
    assert "red/90000" not in answer


def test_without_redundancy_in_the_offer_there_is_none_in_the_answer() -> None:
    assert " red/" not in answer_of(FIREFOX)
    assert " red/" not in answer_of(CHROMIUM.replace("a=fmtp:63 111/111", "a=fmtp:63 111/9"))


def test_a_microphone_that_repeats_packets_is_asked_to() -> None:
    opus = "a=rtpmap:111 opus/48000/2\r\n"
    offer = CHROMIUM.replace(opus, f"{opus}a=rtcp-fb:111 nack\r\n", 1)
    assert media_of(offer).uplinks[0].codecs[0].nack
    assert not any(slot.codecs[0].nack for slot in media_of(offer).slots if slot.kind == "audio")
    assert answer_of(offer).count("a=rtcp-fb:111 nack\r\n") == 1
    assert not media_of(CHROMIUM).uplinks[0].codecs[0].nack
