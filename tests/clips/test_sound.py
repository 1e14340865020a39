"""All of a file's sound is read, whatever the length, the track, the format of its parts and the phase of its channels."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lddu.clips.media import SAMPLE_RATE, ReadReport, probe, read_sound
from lddu.store import extraction_notes
from tests.clips.ffmpeg import ffmpeg, needs_ffmpeg, sound, tone
from tests.clips.sounds import loudness, read, whole

pytestmark = needs_ffmpeg

UNTIMED = [
    (".mp3", ("-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", "-id3v2_version", "0")),
    (".mp3", ("-c:a", "libmp3lame", "-q:a", "4")),
    (".mp3", ("-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0")),
    (".aac", ("-c:a", "aac", "-q:a", "1")),
    (".ac3", ("-c:a", "ac3")),
    (".ts", ("-c:a", "aac")),
    (".mka", ("-c:a", "libopus")),
    (".ogg", ("-c:a", "libvorbis", "-q:a", "1")),
    (".flac", ("-c:a", "flac")),
    (".m4a", ("-c:a", "aac", "-q:a", "1")),
]


@pytest.mark.parametrize(("suffix", "options"), UNTIMED)
@settings(deadline=None, max_examples=3)
@given(noisy=st.floats(0.2, 3.0), quiet=st.floats(0.2, 9.0), noise_first=st.booleans())
def test_a_length_that_is_only_estimated_cuts_nothing_off(
    suffix: str, options: tuple[str, ...], noisy: float, quiet: float, noise_first: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Few bits for the quiet part and many for the loud one: an estimate from the size of the first packets is wrong."""
    path = tmp_path_factory.mktemp("vbr") / f"a{suffix}"
    parts = "[0][1]" if noise_first else "[1][0]"
    ffmpeg(
        "-f", "lavfi", "-i", f"anoisesrc=d={noisy}:a=0.8:r=44100", "-f", "lavfi", "-i", f"sine=f=300:d={quiet}:r=44100",
        "-filter_complex", f"{parts}concat=n=2:v=0:a=1", "-ac", "1", *options, path,
    )  # fmt: skip
    seconds = len(read(path)) / SAMPLE_RATE
    assert seconds == pytest.approx(noisy + quiet, abs=0.1)
    assert seconds == pytest.approx(len(sound(path)) / SAMPLE_RATE, abs=0.05)


def test_a_wrong_estimate_is_neither_the_clips_length_nor_called_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "pause.aac"
    ffmpeg(
        "-f", "lavfi", "-i", "anoisesrc=d=1:a=0.3:r=16000", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=9",
        "-filter_complex", "[0][1]concat=n=2:v=0:a=1", "-c:a", "aac", "-b:a", "32k", path,
    )  # fmt: skip
    info, clip = probe(path), whole(path)
    assert info.estimated and abs(info.duration - 10) > 2
    assert clip.end == pytest.approx(10.0, abs=0.2)
    assert not any("cut short" in note for note in clip.notes)


def test_a_file_that_states_its_length_and_breaks_off_is_still_noted(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.mp3", 12.0, "-c:a", "libmp3lame")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert not probe(path).estimated
    assert any("cut short" in note for note in whole(path).notes)


FORMATS = [(44100, 2), (22050, 1), (48000, 2), (16000, 1)]


@pytest.fixture(scope="module")
def formats(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A second and a half of sound in several sample rates and numbers of channels."""
    folder = tmp_path_factory.mktemp("formats")
    return [
        tone(folder / f"{rate}.mp3", 1.5, "-ar", str(rate), "-ac", str(count), "-c:a", "libmp3lame", "-write_xing", "0")
        for rate, count in FORMATS
    ]


@settings(deadline=None, max_examples=5)
@given(numbers=st.lists(st.integers(0, len(FORMATS) - 1), min_size=2, max_size=5))
def test_sample_rate_and_channels_may_change_on_the_way(
    numbers: list[int], formats: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("changes") / "parts.mp3"
    path.write_bytes(b"".join(formats[number].read_bytes() for number in numbers))
    samples = read(path)
    expected = sum(len(sound(formats[number])) for number in numbers)
    assert len(samples) == pytest.approx(expected, abs=0.05 * SAMPLE_RATE * len(numbers))
    for part in range(len(numbers)):  # a tone in every part, as loud as in every other
        middle = round((part + 0.5) * len(samples) / len(numbers))
        assert np.abs(samples[middle - 800 : middle + 800]).max() == pytest.approx(0.125, abs=0.05)


def test_a_broadcast_that_goes_from_stereo_to_surround_is_read_whole(tmp_path: Path) -> None:
    parts = [tone(tmp_path / f"{n}.ts", 2.0, "-ac", str(n), "-ar", "48000", "-c:a", "ac3") for n in (2, 6)]
    joined = tmp_path / "tv.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(read(joined)) / SAMPLE_RATE == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("default", [0, 1, 2])
def test_the_track_that_is_marked_default_is_read_as_ffmpeg_does_and_others_are_noted(
    default: int, tmp_path: Path
) -> None:
    path = tmp_path / "talk.mkv"
    inputs = [part for pitch in (300, 500, 700) for part in ("-f", "lavfi", "-i", f"sine=f={pitch}:d=2:r=16000")]
    marks = [part for n in range(3) for part in (f"-disposition:a:{n}", "default" if n == default else "0")]
    ffmpeg(*inputs, "-map", "0", "-map", "1", "-map", "2", "-c:a", "flac", *marks, path)
    samples = read(path)
    assert np.abs(np.fft.rfft(samples)).argmax() / 2 == pytest.approx(300 + 200 * default, abs=2)
    np.testing.assert_allclose(samples[:30000], sound(path)[:30000], atol=1e-3)
    assert extraction_notes.unused_tracks(2, "audio") in whole(path).notes


def test_without_a_mark_the_first_track_that_is_no_commentary_is_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "sine=f=300:d=2", "-f", "lavfi", "-i", "sine=f=700:d=2", "-map", "0", "-map", "1",
        "-c:a", "flac", "-disposition:a:0", "comment", "-disposition:a:1", "0", path,
    )  # fmt: skip
    assert np.abs(np.fft.rfft(read(path))).argmax() / 2 == pytest.approx(700, abs=2)


@settings(deadline=None, max_examples=4)
@given(gain=st.floats(0.6, 0.95), first=st.booleans(), codec=st.sampled_from([("flac", ".flac"), ("aac", ".m4a")]))
def test_channels_of_opposite_phase_leave_a_voice_and_a_note(
    gain: float, first: bool, codec: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("phase")
    plain, phase = folder / "plain.wav", folder / f"phase{codec[1]}"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=4:a=0.3:r=32000:c=pink:seed=3", "-ac", "1", plain)
    pan = f"stereo|c0={-gain if first else 1}*c0|c1={1 if first else -gain}*c0"
    ffmpeg("-i", plain, "-af", f"pan={pan}", "-c:a", codec[0], "-b:a", "192k", phase)
    mixed, alone = whole(phase), whole(plain)
    assert abs(loudness(mixed) - loudness(alone)) < 1
    assert any("opposite phase" in note and f"channel {2 if first else 1} alone" in note for note in mixed.notes)
    assert not any("opposite phase" in note for note in alone.notes)


@pytest.mark.parametrize(
    ("pan", "channels"), [("stereo|c0=c0|c1=c0", 2), ("stereo|c0=c0|c1=0*c0", 2), ("stereo|c0=0.1*c0|c1=c0", 2),
                          ("5.1|c0=0*c0|c1=0*c0|c2=c0|c3=0*c0|c4=0*c0|c5=0*c0", 6)],
)  # fmt: skip
def test_a_voice_on_one_channel_or_on_all_is_mixed_as_ever(pan: str, channels: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=3:a=0.3:r=16000:seed=1", "-af", f"pan={pan}", path)
    report = ReadReport()
    samples = np.concatenate(list(read_sound(path, probe(path), report)))
    assert len(report.energy) == channels and report.loud > 1 and report.cancelled == 0 and report.channel is None
    np.testing.assert_allclose(samples[:40000], sound(path)[:40000], atol=0.01)


def test_a_short_cancellation_is_noted_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    ffmpeg(
        "-f", "lavfi", "-i", "anoisesrc=d=30:a=0.3:r=16000:seed=1",
        "-af", "aeval='val(0)|val(0)*(1-2*between(t,5,7.5))':c=stereo", path,
    )  # fmt: skip
    clip = whole(path)
    assert any(
        note.startswith(("its channels cancel each other for 2 s", "its channels cancel each other for 3 s"))
        for note in clip.notes
    )
    assert not any("alone was read" in note for note in clip.notes)


@settings(deadline=None, max_examples=4)
@given(offset=st.sampled_from([-0.3, -0.05, -0.004, 0.004, 0.05, 0.2]), codec=st.sampled_from(["pcm_s16le", "flac"]))
def test_sound_beside_zero_is_as_loud_as_sound_around_it_and_noted(
    offset: float, codec: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("offset")
    plain, beside = folder / "plain.wav", folder / ("beside.wav" if codec == "pcm_s16le" else "beside.flac")
    ffmpeg("-f", "lavfi", "-i", "anoisesrc=d=3:a=0.2:r=16000:c=white:seed=3", "-ac", "1", plain)
    ffmpeg("-i", plain, "-af", f"dcshift={offset}", "-c:a", codec, beside)
    shifted, expected = whole(beside), whole(plain)
    np.testing.assert_allclose(loudness(shifted), loudness(expected), atol=0.05)
    assert extraction_notes.beside_zero(offset) in shifted.notes
    assert not any("beside zero" in note for note in expected.notes)


def test_time_stamps_that_stand_still_are_not_followed(tmp_path: Path) -> None:
    path = tone(tmp_path / "old.ra", 3.0, "-c:a", "real_144", "-ar", "8000", "-ac", "1")
    clip = whole(path)
    assert clip.end == pytest.approx(3.0, abs=0.1)
    assert clip.modalities["audio"].end[-1] == pytest.approx(3.0, abs=0.1)
    assert extraction_notes.STANDS_STILL in clip.notes
