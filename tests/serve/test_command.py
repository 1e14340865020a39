"""`lddu serve` as a command: what is wrong is refused before a model is loaded."""

import builtins
import socket
from pathlib import Path
from typing import Any

import pytest

from lddu.serve.server import listening
from lddu.serve.settings import ServeSettings
from tests.command_line import lddu


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--largest", "0"], "Expected --largest above 0"),
        (["--timeout", "-1"], "Expected --timeout above 0"),
        (["--prot", "9000"], "Did you mean --port"),
        (["--host", "256.1.1.1"], "Expected to listen at 256.1.1.1"),
        (["--port", "70000"], "Expected --port from 0 to 65535, but got 70000"),
    ],
)
def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    found = lddu(capsys, "serve", "--no-browser", *words)
    assert found.code == 2 and sentence in found.err


def test_a_port_that_is_taken_is_said_with_a_cure(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(ServeSettings(port=0)) as taken:
        found = lddu(capsys, "serve", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert found.code == 2 and "choose another with --port, such as --port 0" in found.err


def test_only_this_machine_is_listened_to_unless_asked() -> None:
    with listening(ServeSettings(port=0)) as place:
        assert place.getsockname()[0] == "127.0.0.1"


def test_a_file_is_no_place_to_keep_clips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Expected --keep to be a folder" in lddu(capsys, "serve", "--keep", str(tmp_path / "file")).err


def test_without_the_extra_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def absent(name: str, *given: Any, **more: Any) -> Any:
        if name == "lddu.serve.server":
            raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    found = lddu(capsys, "serve")
    assert found.code == 1 and "pip install 'lddu[serve,clips]'" in found.err


def test_an_open_server_is_known_as_one() -> None:
    from lddu.serve.access import Access

    assert [Access(host, 1).is_open for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.168.0.7")] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert Access("0.0.0.0", 8765).address.startswith(f"http://{socket.gethostname()}:8765/?token=")
