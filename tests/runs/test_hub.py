"""Runs shared on a Hub and loaded from it: what goes up, what comes down, and what is refused. No network: `tests.hub_stand_in`."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard, constants
from hypothesis import given
from hypothesis import strategies as st

import lddu
from lddu.errors import ConfigError, LdduError, RunError
from lddu.pages.share import licence_of, prepared
from lddu.runs.about import About, LearntCorpus, origin_of, write_about
from lddu.runs.familiarity import ValidationReference, noisier_than, validation_reference
from lddu.runs.hub_names import hub_name
from lddu.runs.run_folder import RunFolder
from lddu.runs.shared_run import LIST, OF_CLIPS, listed_files, packed_run
from lddu.store.clip_table import ClipRow
from lddu.store.store import FeatureStore
from lddu.store.writer import StoreDescription, writing_store
from tests.builders import tiny_config
from tests.command_line import lddu as typed
from tests.hub_stand_in import Hub, stand_in

MARK = "qzx"
"""Stands in every name that the corpus, its folder and the command have."""


def marked_store(path: Path) -> FeatureStore:
    """Clips, groups, words and origin are marked, and so is a warning of the store: one clip's feature is far off."""
    draw = np.random.default_rng(0)
    description = StoreDescription(
        ("joy", "anger"), {"audio": "made-up", "text": "made-up"}, source={"path": f"/{MARK}/c"}
    )
    with writing_store(path, description) as writer:
        for i in range(160):
            audio = draw.standard_normal((2, 4)).astype(np.float32)
            audio[0, 0] *= 1e6 if i == 3 else 1
            row = ClipRow(
                f"{MARK}-clip{i}", ("train", "valid", "train", "test")[i % 4], draw.integers(0, 2, 2).tolist(),
                group=f"{MARK}-group{i % 9}", transcript=f"{MARK} words",
            )  # fmt: skip
            writer.add(row, {"audio": audio, "text": draw.standard_normal((3, 6)).astype(np.float32)})
    return FeatureStore(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a marked `store` and a finished `run` on it."""
    place = tmp_path_factory.mktemp("hub") / f"{MARK}-folder"
    store = marked_store(place / "store")
    command = f"lddu train {place}/store --out '{place}/a {MARK} b/run' --config={MARK}/x.toml"
    options = lddu.RunOptions(report=False, command=command)
    run = lddu.train(store, place / "run", tiny_config(training={"epochs": 1}), options)
    write_about(run, About("voices", licence="MIT", corpora=(LearntCorpus("EMO", ("audio",), ("German",)),)))
    return place


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub of this test alone, and a cache of its own."""
    with stand_in() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        template = f"{hub.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", "hf_nobody")
        yield hub


def probabilities(run: object, store: Path) -> np.ndarray:
    return np.asarray(lddu.load(run).predict(store).probability)  # type: ignore[arg-type]


def test_a_run_that_was_pushed_answers_as_it_did_here(place: Path, hub: Hub) -> None:
    pushed = RunFolder(place / "run").push_to_hub("someone/voices")
    assert any(one.startswith("PUT /lfs/") for one in hub.asked)  # weights take the way of large files
    predictor, own = lddu.load("someone/voices"), lddu.load(place / "run")
    found, expected = predictor.predict(place / "store"), own.predict(place / "store")
    np.testing.assert_array_equal(found.probability, expected.probability)
    np.testing.assert_array_equal(found.label, expected.label)
    np.testing.assert_array_equal(found.uncertainty, expected.uncertainty)
    assert found.unfamiliar is not None and found.noisier_than is not None
    np.testing.assert_array_equal(found.unfamiliar, expected.unfamiliar)
    np.testing.assert_array_equal(found.noisier_than, expected.noisier_than)
    assert pushed.revision == hub.repositories["someone/voices"].newest and pushed.private
    assert predictor.folder.place == f"someone/voices@{pushed.revision[:8]}" and predictor.folder.read_only
    assert predictor.origin.run == f"voices (someone/voices@{pushed.revision[:8]})"


def test_a_run_that_records_nothing_of_itself_is_called_by_owner_name_and_revision(place: Path, tmp_path: Path) -> None:
    packed_run(RunFolder(place / "run"), tmp_path)
    (tmp_path / "about.json").unlink()
    fetched = RunFolder(tmp_path, place="someone/voices@12345678", revision="12345678" * 5)
    assert origin_of(fetched).run == "someone/voices@12345678"


def test_nothing_of_the_corpus_goes_up_unless_it_is_asked_for(place: Path, hub: Hub) -> None:
    run = RunFolder(place / "run")
    warnings = run.description.warnings
    assert any(MARK in one and "feature 1 of audio" in one for one in warnings)  # of the store
    assert any(MARK in one and "groups (speakers, videos)" in one for one in warnings)
    packed = run.push_to_hub("someone/voices").packed
    files = hub.repositories["someone/voices"].commits[hub.repositories["someone/voices"].newest]
    assert {name for name, content in files.items() if MARK.encode() in content.lower()} == set()
    assert set(files) == {*packed.files, ".gitattributes"}
    assert {Path(name).suffix for name in packed.files} == {".json", ".safetensors", ".md"}
    [kept] = [one for one in lddu.load("someone/voices").description.warnings if "groups" in one]
    assert re.match(r"9 groups \(speakers, videos\) with clips in .* and test: the metrics are optimistic", kept)
    assert json.loads(files["config.json"])["store"] == {
        "path": "store", "manifest_sha256": FeatureStore(place / "store").manifest_sha256, "source": {},
    }  # fmt: skip
    assert any("ids, groups, labels" in one for one in packed.left_out)
    assert "1 warning about the store, which may name clips" in packed.left_out


def test_with_clips_the_predictions_go_along(place: Path, hub: Hub) -> None:
    run = RunFolder(place / "run")
    packed = run.push_to_hub("someone/voices", with_clips=True).packed
    assert set(OF_CLIPS) <= set(packed.files) and hub.asked
    found = lddu.load("someone/voices").folder.predictions()
    np.testing.assert_array_equal(found.clip, run.predictions().clip)
    run.push_to_hub("someone/voices")  # and are gone once it is shared again without them
    with pytest.raises(
        RunError, match="it was shared without them; ask whoever shared it for 'lddu share --with-clips'"
    ):
        lddu.load("someone/voices").folder.predictions()


def test_an_ensemble_is_shared_whole_and_a_smaller_run_leaves_none_of_it(place: Path, hub: Hub) -> None:
    options = lddu.RunOptions(members=2, report=False)
    pair = lddu.train(place / "store", place / "pair", tiny_config(training={"epochs": 1}), options)
    lddu.push_to_hub(pair, "someone/pair")
    np.testing.assert_array_equal(probabilities("someone/pair", place / "store"), probabilities(pair, place / "store"))
    lddu.push_to_hub(place / "run", "someone/pair", message="one is enough")
    repository = hub.repositories["someone/pair"]
    assert not [name for name in repository.commits[repository.newest] if name.startswith("member-")]
    assert repository.messages[-1] == "one is enough"


def test_a_revision_is_what_was_shared_then(place: Path, hub: Hub) -> None:
    first = lddu.push_to_hub(place / "run", "someone/voices").revision
    hub.repositories["someone/voices"].tags["v1"] = first
    second = lddu.push_to_hub(place / "run", "someone/voices", with_clips=True).revision
    assert first != second
    for name, revision in (("", second), ("@v1", first), (f"@{first}", first), ("@main", second)):
        assert lddu.load(f"someone/voices{name}").folder.revision == revision
    assert lddu.load("hf://someone/voices").folder.revision == second


def test_what_was_fetched_once_answers_without_the_hub_and_says_so(place: Path, hub: Hub) -> None:
    revision = lddu.push_to_hub(place / "run", "someone/voices").revision
    expected = probabilities("someone/voices", place / "store")
    hub.broken = True
    before = len(hub.asked)
    predictor = lddu.load("someone/voices")
    np.testing.assert_array_equal(predictor.predict(place / "store").probability, expected)
    note = f"the Hugging Face Hub cannot be reached: the copy someone/voices@{revision[:8]} from before answers"
    assert predictor.warnings(place / "store")[0] == note
    assert len(hub.asked) - before <= 2
    before = len(hub.asked)
    assert (
        lddu.load(f"someone/voices@{revision}").folder.note == "" and len(hub.asked) == before
    )  # a commit never changes
    with pytest.raises(RunError, match="the Hub cannot be reached and was never asked for it before; go online once"):
        lddu.load("someone/others")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_network_that_is_lost_half_way_is_said_in_a_sentence_and_what_has_arrived_stays(
    file: str, place: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)  # between its tries
    lddu.push_to_hub(place / "run", "someone/voices")
    hub.lost_in = file
    said = rf"Expected all of {file} of someone/voices@\w+ from the .*, but the download broke off \(.+\); run the same again"
    with pytest.raises(RunError, match=said):
        lddu.load("someone/voices")
    hub.lost_in, hub.asked = "", []
    assert probabilities("someone/voices", place / "store").shape[1] == 2
    assert any(one.startswith("GET") and file in one for one in hub.asked)
    assert not any(one.startswith("GET") and LIST in one for one in hub.asked)


@pytest.mark.slow
def test_environment_and_no_network_are_enough_after_the_first_time(place: Path, hub: Hub, tmp_path: Path) -> None:
    """As a user has it: addresses from the environment, another process, and then the Hub gone."""
    lddu.push_to_hub(place / "run", "someone/voices")
    code = "import lddu, sys; p = lddu.load('someone/voices'); print(p.folder.place, p.predict(sys.argv[1]).probability.sum())"
    environment = {"HF_HOME": str(tmp_path / "home"), "PATH": "", "PYTHONPATH": ":".join(filter(None, sys.path))}
    words = [sys.executable, "-c", code, str(place / "store")]

    def said(**more: str) -> str:
        return subprocess.run(
            words, env=environment | more, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    fetched = said(HF_ENDPOINT=hub.address)
    assert fetched.startswith("someone/voices@")
    assert said(HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="1") == fetched


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("someone/nothing", "or a run of that name on the Hugging Face Hub, but neither is there"),
        ("someone/voices@v9", "Expected the revision that someone/voices@v9 names"),
        ("someone/other", "to be a run that was shared by 'lddu share', but it has no lddu.json"),
    ],
)
def test_what_is_not_on_the_hub_is_refused_in_a_sentence(name: str, said: str, place: Path, hub: Hub) -> None:
    lddu.push_to_hub(place / "run", "someone/voices")
    hub.repositories["someone/other"] = replace(
        hub.repositories["someone/voices"], commits={"c" * 40: {"model.bin": b""}}
    )
    with pytest.raises(RunError, match=re.escape(said)):
        lddu.load(name)


def spoilt(files: dict[str, bytes], kind: str) -> dict[str, bytes]:
    """The files of a run as a stranger might alter them."""
    listed = json.loads(files[LIST])
    if kind == "altered":
        return {**files, "decision.json": files["decision.json"].replace(b"0", b"1", 1)}
    if kind == "longer":
        return {**files, "model.safetensors": files["model.safetensors"] + b"0" * 10**6}
    if kind == "absent":
        return {name: content for name, content in files.items() if name != "model.safetensors"}
    if kind == "long list":
        return {**files, LIST: b" " * 2_000_000 + files[LIST]}
    if kind == "outside":
        listed["files"]["../../config.json"] = listed["files"]["config.json"]
    if kind == "pickle":
        listed["files"]["model.pt"] = listed["files"]["config.json"]
    if kind == "page":
        listed["files"]["report.html"] = listed["files"]["config.json"]
    if kind == "page of a member":
        listed["files"]["member-0/report.html"] = listed["files"]["config.json"]
    if kind == "huge":
        listed["files"]["model.safetensors"]["bytes"] = 2**40
    if kind == "no config":
        del listed["files"]["config.json"]
    return {**files, LIST: json.dumps(listed).encode()}


SPOILT = {
    "altered": "Expected decision.json of someone/voices@.* to have the checksum that lddu.json says",
    "longer": "to take .* bytes, as lddu.json says, but it takes .*; nothing of it was fetched",
    "absent": "Expected model.safetensors of someone/voices@.*, as lddu.json says, but it is not there",
    "long list": "to be a short list, but it takes",
    "outside": r"'\.\./\.\./config\.json' is no file of a run",
    "pickle": "'model.pt' is no file of a run",
    "page": "'report.html' is no file of a run",
    "page of a member": "'member-0/report.html' is no file of a run",
    "huge": "a run of at most 2 GiB, but it takes more",
    "no config": "but it has no config.json",
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_run_that_is_not_what_its_list_says_is_refused(kind: str, place: Path, hub: Hub, tmp_path: Path) -> None:
    lddu.push_to_hub(place / "run", "someone/voices")
    repository = hub.repositories["someone/voices"]
    repository.commit(spoilt(repository.commits[repository.newest], kind))
    with pytest.raises(RunError, match=SPOILT[kind]):
        lddu.load("someone/voices")
    assert not [
        file for file in (tmp_path / "hub-cache").rglob("*") if file.is_file() and file.stat().st_size > 900_000
    ]


def test_the_commands_share_and_predict_as_a_user_types_them(
    place: Path, hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    listed = typed(capsys, "share", "run", "someone/voices", "--dry-run")
    assert listed.code == 0 and listed.out == "" and hub.asked == []
    assert "would go up: model.safetensors (" in listed.err and "stays here: ids, groups, labels" in listed.err
    shared = typed(capsys, "share", "run", "someone/voices")
    revision = hub.repositories["someone/voices"].newest
    assert shared.code == 0 and shared.out == f"{hub.address}/someone/voices (private), revision {revision}\n"
    assert "would go up" not in shared.err and "shared: README.md" in shared.err
    assert typed(capsys, "share", "run", "someone/voices", "--public").out.startswith(
        f"{hub.address}/someone/voices (private)"
    )
    hub.repositories["someone/voices"].private = False
    refused = typed(capsys, "share", "run", "someone/voices")
    assert refused.code == 1 and "add --public to share it with everybody" in refused.err
    revision = hub.repositories["someone/voices"].newest
    own = json.loads(typed(capsys, "predict", "run", "store", "--json").out)
    found = typed(capsys, "predict", "someone/voices", "store", "--json")
    assert found.code == 0, found.err
    assert (
        json.loads(found.out)["clips"] == own["clips"]
        and json.loads(found.out)["run"] == f"someone/voices@{revision[:8]}"
    )
    assert f"answered by the run voices (someone/voices@{revision[:8]})" in found.err
    assert typed(capsys, "card", "someone/voices").out.startswith("# Model card: voices")


@pytest.mark.parametrize("words", ["someone/nothing store", "--run someone/nothing store", "clips/talk.mp4"])
def test_what_is_on_no_hub_and_not_here_is_never_answered_by_the_default(
    words: str, place: Path, hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    found = typed(capsys, "predict", *words.split())
    assert found.code == 1 and found.out == "" and found.err.startswith("lddu: Expected a run") and "there" in found.err
    assert bool(hub.asked) == ("someone" in words)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    names=st.lists(
        st.sampled_from(["config.json", "member-0/model.safetensors", "..", "/etc/passwd", "a/b/c.json", "x.pkl"])
    ),
    entry=json_values,
    version=json_values,
)
def test_whatever_a_list_says_it_names_files_of_a_run_or_is_refused(
    names: list[str], entry: object, version: object
) -> None:
    sound = {"bytes": 3, "sha256": "a" * 64}
    files = {name: sound if n % 2 else entry for n, name in enumerate(names)}
    for content in (
        {"format": "lddu-shared-run", "version": 1, "files": files},
        {"version": version, "files": entry},
        entry,
    ):
        try:
            found = listed_files(json.dumps(content).encode(), "someone/voices")
        except RunError:
            continue
        assert set(found) <= {"config.json", "member-0/model.safetensors"}


@given(st.binary(max_size=40))
def test_bytes_that_are_no_list_are_refused(text: bytes) -> None:
    with pytest.raises(RunError, match=r"Expected lddu\.json of someone/voices to list the files of a run"):
        listed_files(text, "someone/voices")


def test_a_repository_with_something_else_or_open_to_all_is_left_alone(place: Path, hub: Hub) -> None:
    pushed = lddu.push_to_hub(place / "run", "someone/voices", private=False)
    assert not pushed.private and not hub.repositories["someone/voices"].private
    with pytest.raises(RunError, match="it is there already and public; add `private=False`"):
        lddu.push_to_hub(place / "run", "someone/voices")
    hub.repositories["someone/other"] = replace(hub.repositories["someone/voices"], private=True, commits={})
    before = hub.repositories["someone/other"].commit({"README.md": b"mine", "pytorch_model.bin": b"weights"})
    with pytest.raises(RunError, match=r"empty or to hold a run that lddu shared, but it holds pytorch_model\.bin"):
        lddu.push_to_hub(place / "run", "someone/other")
    assert hub.repositories["someone/other"].newest == before


def test_what_cannot_be_used_is_not_shared(place: Path, tmp_path: Path, hub: Hub) -> None:
    unfinished = RunFolder(tmp_path / "unfinished")
    (tmp_path / "unfinished").mkdir()
    for file in (place / "run").iterdir():
        if file.name != "metrics.json":
            (unfinished.path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(RunError, match="Expected a finished run to share"):
        unfinished.push_to_hub("someone/voices")
    (unfinished.path / "metrics.json").write_bytes((place / "run" / "metrics.json").read_bytes())
    (unfinished.path / "model.safetensors").write_bytes(b"cut short")
    with pytest.raises(RunError, match="to hold the weights"):
        unfinished.push_to_hub("someone/voices")
    for name in ("voices", "a/b/c", "someone/voices@v1", "", "../voices"):
        with pytest.raises(ConfigError, match="Expected `repository` to be the name of a repository"):
            lddu.push_to_hub(place / "run", name)
    assert hub.asked == []


def test_the_card_goes_along_with_what_the_hub_reads(place: Path, tmp_path: Path) -> None:
    text = (prepared(RunFolder(place / "run"), tmp_path, "someone/voices", False).folder.path / "README.md").read_text()
    data = vars(ModelCard(text).data)
    assert (data["license"], data["library_name"]) == ("mit", "lddu")
    assert {"emotion-recognition", "audio", "text"} <= set(data["tags"])
    assert "# Model card: voices" in text and "lddu predict someone/voices talk.mp4" in text and "EMO" in text


@given(st.text(max_size=60))
def test_any_licence_is_metadata_that_the_hub_can_read(licence: str) -> None:
    found = licence_of(About("voices", licence=licence))
    assert set(found) in (set(), {"license"}, {"license", "license_name"})
    assert bool(found) == bool(licence.strip())
    assert re.fullmatch(r"[a-z0-9.-]{1,60}", found.get("license_name", "other"))


@pytest.mark.parametrize(
    "word",
    [
        "voices",
        "talk.mp4",
        "clips/talk.mp4",
        "a/b/c",
        "/a/b",
        "./a",
        "a/..",
        "../a",
        "hf://datasets/a/b",
        "a/b.zip",
        "~/b",
    ],
)
def test_what_may_be_a_path_is_no_name_of_the_hub(word: str) -> None:
    assert hub_name(word) is None


def test_what_is_here_or_would_lie_in_a_folder_that_is_here_is_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert hub_name("runs/demo") is not None
    (tmp_path / "runs").mkdir()
    assert hub_name("runs/demo") is None and hub_name("hf://runs/demo") is not None


def test_no_name_that_looks_like_a_path_is_asked_for(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for name in ("runs/demo", "clips/talk.mp4", Path("someone/voices")):
        with pytest.raises(LdduError):
            lddu.load(name)
    assert hub.asked == []


def test_without_the_package_the_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        ConfigError,
        match=r"Expected the package 'huggingface_hub' for .* \(no run folder .* here\), but .* pip install 'lddu\[hub\]'",
    ):
        lddu.load("someone/voices")


@given(
    st.lists(st.lists(st.floats(0, 10) | st.none(), min_size=2, max_size=2), min_size=20, max_size=60),
    st.lists(st.floats(0, 10), min_size=2, max_size=2),
)
def test_what_is_kept_of_validation_clips_compares_as_they_do(
    rows: list[list[float | None]], asked: list[float]
) -> None:
    noise = np.array([[np.nan if value is None else value for value in row] for row in rows])
    kept = ValidationReference(("audio", "text"), noise, None)
    text = json.dumps(kept.to_mapping(), allow_nan=False)
    read = ValidationReference.from_mapping(json.loads(text), ("audio", "text"))
    assert read.noise is not None
    found, expected = (noisier_than(np.array([asked]), values) for values in (read.noise, noise))
    np.testing.assert_array_equal(found, expected)


def test_of_many_validation_clips_quantiles_are_kept_that_answer_to_a_thousandth() -> None:
    noise = np.random.default_rng(0).gamma(2, size=(15_000, 1))
    kept = ValidationReference(("audio",), noise, np.array([3.0]))
    read = ValidationReference.from_mapping(json.loads(json.dumps(kept.to_mapping())), ("audio",))
    assert read.noise is not None and len(read.noise) == 1000
    asked = np.linspace(0, 12, 200)[:, None]
    difference = np.abs(noisier_than(asked, read.noise) - noisier_than(asked, noise))  # type: ignore[operator]
    assert difference.max() <= 1.5e-3


def test_a_damaged_familiarity_is_a_sentence(place: Path, tmp_path: Path) -> None:
    packed_run(RunFolder(place / "run"), tmp_path)
    assert validation_reference(RunFolder(tmp_path)) is not None
    for content in ("{}", '{"noise": {"audio": 3}, "farthest": null}', '{"noise": null, "farthest": {"audio": "far"}}'):
        (tmp_path / "familiarity.json").write_text(content)
        with pytest.raises(RunError, match=r"familiarity\.json to be as docs/run_folder\.md says"):
            validation_reference(RunFolder(tmp_path))
