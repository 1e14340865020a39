"""`lddu predict`: which emotions clips show, according to a run; clips of a store, or raw video and audio."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from lddu.commands.options import LONGEST, Flag, Output, RawClips, Words, refuse_idle, refuse_unknown_options

EVERY = 2.0
EXAMPLES = """Examples:
  lddu predict talk.mp4                    # by the run that comes with lddu
  lddu predict run store
  lddu predict run store --csv --recall 0.9 > answers.csv
  lddu predict run talk.mp4 --html page    # the video beside its answers
  lddu predict run interview.mp4 --per-person
  lddu predict run talk.mp4 --export talk.eaf --export talk.long.csv
  lddu predict run inbox --watch --export answers.csv"""


def predict(
    first: Annotated[str | Path, Words, Parameter(name="[RUN]")] = "",
    inputs: Annotated[list[str] | None, Words] = None,
    /,
    *,
    run: str = "",
    recall: float | None = None,
    coverage: float | None = None,
    adapt: Annotated[bool, Flag] = False,
    text: Annotated[list[str] | None, Words] = None,
    lines: Annotated[bool, Flag] = False,
    device: str = "cpu",
    ray: str | None = None,
    json: Annotated[bool, Flag, Output] = False,
    csv: Annotated[bool, Flag, Output] = False,
    html: Annotated[Path | None, Output] = None,
    export: Annotated[tuple[Path, ...], Flag, Output] = (),
    all: Annotated[bool, Flag, Output] = False,
    force: Annotated[bool, Flag, Output] = False,
    watch: Annotated[bool, Flag, RawClips] = False,
    every: Annotated[float, RawClips] = EVERY,
    per_person: Annotated[bool, Flag, RawClips] = False,
    cut: Annotated[Literal["auto", "whole", "sentences", "silence", "window", "gapless"], RawClips] = "auto",
    longest: Annotated[float, RawClips] = LONGEST,
    text_model: Annotated[str, RawClips] = "",
    voice_model: Annotated[str, RawClips] = "",
    transcribe: Annotated[bool, Flag, RawClips] = False,
    speech_model: Annotated[str, RawClips] = "",
) -> int:
    """Predict the emotions of clips: a store, or video and audio files.

    The clips need no labels. Raw files are extracted exactly as those that the run was trained on. Exit code 1 means
    that a file failed.

    Parameters
    ----------
    first
        Run folder, a .zip of one, or "default", the run that comes with lddu. What is there and is no run is an input
        for the default; what is not there is refused.
    inputs
        One feature store (a folder or a URL) with the features of the run; or video and audio files, folders of them,
        a manifest, or - for names on stdin. A .txt is a clip of words alone, as is a line of a table without files.
    run
        The run, where it is not the first word.
    recall
        Also give each clip a set of emotions that holds at least this share of its emotions on average, such as 0.9;
        docs/uncertainty.md states the assumption.
    coverage
        Answer only this share of the (clip, emotion) pairs, most certain first; the rest become "can't tell".
    adapt
        Re-centre the features on those of training over these clips, per speaker where known, if there are enough; for
        another microphone, camera or language (docs/uncertainty.md).
    text
        A sentence in place of inputs; may be given several times.
    lines
        The inputs are text files (or - for stdin), of which every line is a clip.
    device
        "cpu" or "cuda".
    ray
        Predict a store in parts on a Ray cluster: HOST:PORT, "auto" for the one that this machine belongs to, or
        "local" to start one here (docs/scale.md).
    json
        Print JSON; docs/run_folder.md explains the keys.
    csv
        Print comma-separated values.
    html
        Also write a page into this folder: the video beside its time line, or the answers alone for a store.
    export
        Also write a file for another program, and again for another one: .srt, .vtt, .eaf (ELAN), .TextGrid (Praat),
        .boris.csv, .events.tsv, .csv, .long.csv, .parquet or .jsonl; {name}.srt writes one per video (docs/exports.md).
    all
        Show every clip of a store, not only the first 40 in the table and 200 on the page.
    force
        Replace an existing page and exports.
    watch
        Answer what arrives in the folder, in the one table that --export names (.csv or .jsonl), until Ctrl-C; after a stop
        the same command goes on.
    every
        Seconds between two looks of --watch.
    per_person
        Answer each person in a clip for themselves: speakers that a transcript names, and faces.
    cut
        How long files are cut into clips; gapless answers what lies between sentences too.
    longest
        Seconds of the longest clip that is cut from a file.
    text_model
        Folder of the run's language model, if it was named by its folder.
    voice_model
        Folder of the run's speech encoder, likewise.
    transcribe
        Recognise the words of clips without a transcript (packaged model, English).
    speech_model
        Recognise them with this faster-whisper model, a folder or a name.
    """
    words = [*([str(first)] if str(first) else []), *(inputs or [])]
    refuse_unknown_options("predict", words, predict.__annotations__)
    from lddu.commands.clip_answers import answer_clips, are_clips
    from lddu.commands.exports import Exports
    from lddu.commands.run_argument import listed_words, run_and_inputs
    from lddu.commands.store_answers import StorePredictOptions, answer_store
    from lddu.commands.watched import answer_arrivals, check_watch
    from lddu.errors import ConfigError
    from lddu.store.store import FeatureStore

    _refuse_at_odds(json and csv, force and html is None and not export)
    run, named = run_and_inputs(words, run)
    sources = listed_words(run, named, text or [], lines)
    if watch or every != EVERY:
        given = {
            "--text": text, "--lines": lines, "--adapt": adapt, "--ray": ray, "--json": json, "--csv": csv, "--html": html,
            "--all": all,
        }  # fmt: skip
        check_watch(watch, named, export, every, [name for name, value in given.items() if value])
    raw = watch or not isinstance(sources, list) or are_clips(sources)
    if raw and ray is not None:
        raise ConfigError(
            "Expected a store together with --ray, but got raw clips; extract them with 'lddu extract --ray', then predict."
        )
    only_raw = {
        "--per-person": per_person, "--cut": cut != "auto", "--longest": longest != LONGEST, "--text-model": bool(text_model),
        "--voice-model": bool(voice_model), "--transcribe": transcribe, "--speech-model": bool(speech_model),
    }  # fmt: skip
    _refuse_idle(raw, bool(text or lines), all, only_raw)
    corpus = None if raw else FeatureStore(named[0])
    from lddu.clips.configuration import ExtractorConfig
    from lddu.clips.words.recognition import PACKAGED_SPEECH
    from lddu.runs.figures import PredictOptions
    from lddu.runs.named_runs import default_run
    from lddu.runs.predictor import Predictor

    options = PredictOptions(recall, coverage, adapt)
    _refuse_taken(html, force)
    exports = Exports(() if watch else export, force)
    exports.check(sources, raw)
    predictor = Predictor(run or default_run(), "cpu" if ray is not None else device)
    if recall is not None:
        predictor.decision.recall_sets.cut(recall)  # what cannot be promised is refused before long work
    form = "json" if json else "csv" if csv else "table"
    if corpus is None:
        config = ExtractorConfig(
            text_model=text_model, voice_model=voice_model, cut=cut, longest=longest,
            speech_model=speech_model or (PACKAGED_SPEECH if transcribe else ""), per_person=per_person,
        )  # fmt: skip
        if watch:
            return answer_arrivals(predictor, Path(named[0]), export[0], options, config, (every, force))
        return answer_clips(predictor, sources, form, options, config, html, exports)
    return answer_store(predictor, corpus, form, options, StorePredictOptions(ray, device, all), html, exports)


def _refuse_idle(raw: bool, words_alone: bool, all: bool, only_raw: dict[str, bool]) -> None:
    """Refuse options that would do nothing with these inputs."""
    only_media = {option: given for option, given in only_raw.items() if option != "--text-model"}
    refuse_idle("a store", "raw clips", {"--all": all and raw})
    refuse_idle("raw clips", "a store", only_raw if not raw else {})
    refuse_idle("video and audio", "words alone", only_media if words_alone else {})


def _refuse_at_odds(two_forms: bool, idle_force: bool) -> None:
    from lddu.errors import ConfigError

    if two_forms:
        raise ConfigError("Expected --json or --csv, but got both; choose one.")
    if idle_force:
        raise ConfigError("Expected --force together with --html or --export, which it replaces, but got it alone.")


def _refuse_taken(page: Path | None, force: bool) -> None:
    from lddu.pages.clip_page import refuse_foreign_folder

    if page is not None:
        refuse_foreign_folder(page, force)
