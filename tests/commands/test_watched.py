"""What `lddu predict --watch` refuses before it waits."""

from pathlib import Path

import pytest

from tests.command_line import lddu


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["in", "--watch"], "Expected one table for --watch, but got 0"),
        (["in", "--watch", "--export", "a.csv", "--export", "b.csv"], "Expected one table for --watch, but got 2"),
        (["in", "--watch", "--export", "in/a.csv"], "Expected a table outside the watched folder"),
        (["in", "--watch", "--export", "a.srt"], "Expected a table to which rows can be appended"),
        (["in", "--watch", "--export", "a.csv", "--json", "--adapt"], "but got --adapt, --json too"),
        (["in", "--watch", "--export", "a.csv", "--every", "0"], "Expected --every above 0 seconds"),
        (["in", "--every", "5"], "Expected --every together with --watch"),
        (["in/talk.txt", "--watch", "--export", "a.csv"], "Expected one folder of clips to --watch"),
    ],
)
def test_what_cannot_be_watched_is_refused_before_the_wait(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "talk.txt").write_text("words")
    ended = lddu(capsys, "predict", *words)
    assert (ended.code, sentence in ended.err) == (2, True), ended.err
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in"]
