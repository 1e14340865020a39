"""`lddu extract`: raw clips to a feature store."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from lddu.commands.options import LONGEST, Flag, Output, Words, refuse_idle, refuse_unknown_options

if TYPE_CHECKING:
    from lddu.clips.extract import Extraction

EXAMPLES = """Examples:
  lddu extract videos --out store
  lddu extract talk.mp4 interview.wav --out store --transcribe
  lddu extract videos --out store --update    # only what is new"""
EXISTING = {(False, False): "refuse", (True, False): "update", (False, True): "replace"}


def extract(
    clips: Annotated[list[str], Words],
    /,
    *,
    out: Annotated[Path, Output],
    lines: Annotated[bool, Flag] = False,
    cut: Literal["auto", "whole", "sentences", "silence", "window", "gapless"] = "auto",
    longest: float = LONGEST,
    text_model: str = "",
    text_layers: str = "",
    voice_model: str = "",
    voice_layer: str = "",
    trim: bool | None = None,
    level: bool | None = None,
    face_model: Literal["expression", "geometry", "py-feat", "openface"] | None = None,
    transcribe: Annotated[bool, Flag] = False,
    speech_model: str = "",
    jobs: int | None = None,
    ray: str | None = None,
    update: Annotated[bool, Flag, Output] = False,
    force: Annotated[bool, Flag, Output] = False,
    json: Annotated[bool, Flag, Output] = False,
) -> int:
    """Turn video and audio files into a feature store.

    Transcripts lie beside the clips under the same name (.json, .vtt, .srt, .sbv, .lrc or .txt) or in the manifest. After
    an interruption the same command goes on where it was. Exit code 1 means that a file failed: it is named on stderr
    and in the store's manifest, and the store holds the others.

    Parameters
    ----------
    clips
        Files, folders, one manifest (a CSV table with a column 'file', or 'transcript' alone: words without voice and
        face), or - for names on stdin.
    out
        Folder of the new store.
    lines
        The inputs are text files (or - for stdin), of which every line is a clip.
    cut
        How long files are cut into clips; gapless answers what lies between sentences too.
    longest
        Seconds of the longest clip.
    text_model
        Language model: a folder, or a name on the Hugging Face hub. [default: the packaged MiniLM]
    text_layers
        After which of its layers states are taken, such as "3,last". [default: 3,last of MiniLM, the last of others]
    voice_model
        Voice features: "whisper" (packaged), "librosa" (50 measured numbers), "opensmile" (eGeMAPSv02; its licence excludes
        products), or a speech encoder by folder or by name on the Hugging Face hub. [default: whisper]
    voice_layer
        After which layer of a speech encoder. [default: 2 of whisper's four, the last of others]
    trim
        Let a speech encoder hear each clip without the silence at its ends. [default: yes]
    level
        Let it hear each clip at one level, however loud it was recorded. [default: yes]
    face_model
        Face features: "expression" (36 lengths, angles and speeds, and what the packaged network reads of the face),
        "geometry" (the 36 alone); "py-feat" and "openface" read the action units that this tool has measured, from its
        CSV table beside each clip under the clip's name (docs/clips.md). [default: expression]
    transcribe
        Recognise the words of clips without a transcript (packaged model, English).
    speech_model
        Recognise them with this faster-whisper model, a folder or a name.
    jobs
        Files at once. [default: 1 for up to four files, else one per core, at most 4]
    ray
        Extract on a Ray cluster whose machines share the files and --out: HOST:PORT, "auto" for the cluster that this
        machine belongs to, or "local" to start one here (docs/scale.md). [default files at once: its processors]
    update
        Keep what an existing store has of unchanged files; add what is new, drop what is gone.
    force
        Replace an existing store.
    json
        Print the summary as JSON.
    """
    refuse_unknown_options("extract", clips, extract.__annotations__)
    import lddu.clips.extract as extraction
    from lddu.clips.configuration import ExtractorConfig
    from lddu.clips.sources import listing_of, unlisted_sentence
    from lddu.clips.words.recognition import PACKAGED_SPEECH
    from lddu.commands.extracting import ExtractionBar
    from lddu.commands.layers import layer, layers
    from lddu.commands.screen import print_json, warn
    from lddu.commands.workers import chosen_workers
    from lddu.errors import ConfigError

    if (update, force) not in EXISTING:
        raise ConfigError("Expected --update or --force, but got both; --update keeps what is done, --force does not.")
    only_media = {
        "--cut": cut != "auto", "--longest": longest != LONGEST, "--transcribe": transcribe, "--speech-model": bool(speech_model),
    }  # fmt: skip
    refuse_idle("video and audio", "words alone", only_media if lines else {})
    with chosen_workers(ray, jobs) as workers, ExtractionBar() as watch:
        speech = speech_model or (PACKAGED_SPEECH if transcribe else "")
        config = ExtractorConfig(
            text_model, layers("--text-layers", text_layers), voice_model, layer("--voice-layer", voice_layer),
            face_model or "", cut, longest, speech, trim=trim, level=level,
        )  # fmt: skip
        result = extraction.extract(
            listing_of(clips, lines) if lines else clips,
            out,
            config,
            workers or jobs or "auto",
            EXISTING[update, force],
            watch.extracted,
        )
    if json:
        print_json(_mapping(result))
    else:
        _show(result)
    warnings = [*result.left_out, *([unlisted_sentence(result.unlisted)] if result.unlisted else [])]
    if result.failures:
        from lddu.sentences import counted

        total = result.files + len(result.failures)
        warnings.append(f"{len(result.failures)} of {counted(total, 'file')} failed; the store holds the others")
    warn(warnings)
    return 1 if result.failures else 0


def _mapping(result: "Extraction") -> dict[str, object]:
    failures = [vars(failure) for failure in result.failures]
    return {**vars(result), "store": str(result.store), "failures": failures}


def _show(result: "Extraction") -> None:
    from lddu.commands.screen import results
    from lddu.sentences import counted

    missing = ", ".join(f"{count} without {name}" for name, count in result.missing.items() if count)
    media, wall = result.media_seconds, result.wall_seconds
    speed = f"{media / wall:.1f} x real time" if media else f"{result.clips / wall:.0f} clips a second"
    reused = f" ({result.reused} were done before)" if result.reused else ""
    results().print(
        f"{result.store}: {counted(result.clips, 'clip')} from {counted(result.files, 'file')}{reused}"
        f"{f', {media:.1f} s of media' if media else ''} in {wall:.1f} s{f', {speed}' if not result.reused else ''}"
        + (f"; {missing}" if missing else ""),
        markup=False,
    )
    if result.notes:
        noted_files = ", ".join(f"{note} ({counted(count, 'clip')})" for note, count in list(result.notes.items())[:6])
        more = "" if len(result.notes) <= 6 else ", ..."
        results().print(f"noted: {noted_files}{more}", markup=False, style="dim")
