"""`lddu serve`: a page on this machine, and the same over HTTP."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from lddu.commands.options import Words

if TYPE_CHECKING:
    from lddu.serve.access import Access

EXAMPLES = """Examples:
  lddu serve                       # opens a page that the default run answers
  lddu serve run other_run --port 9000
  lddu serve --no-browser --keep received"""


def serve(
    runs: Annotated[list[str] | None, Words] = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    browser: Annotated[bool, Parameter(negative="--no-browser")] = True,
    keep: Path | None = None,
    largest: float = 500.0,
    timeout: float = 900.0,
) -> None:
    """Open a page on this machine: drop or record a clip, see the answer, save it for other programs.

    The same over HTTP: POST /v1/predict (docs/serve.md). Nothing is sent anywhere; Ctrl-C ends it, and no file stays.

    Parameters
    ----------
    runs
        Run folders, .zips of them, or names, to choose from on the page; without one, the default.
    host
        Address to listen at. Only 127.0.0.1 is for this machine alone; anything else is seen by the network, unencrypted.
    port
        0 takes any that is free.
    browser
        Open the page in a browser.
    keep
        Folder in which clips that are sent are kept; without it each is deleted after its answer.
    largest
        Megabytes of the largest clip.
    timeout
        Seconds for one answer, after which it is given up.
    """
    from lddu.commands.options import refuse_unknown_options
    from lddu.errors import ConfigError, PackageError, parameter
    from lddu.machine.atomic import refuse_unwritable

    try:
        from lddu.serve.server import serve as run_server
        from lddu.serve.settings import MEGABYTE, Limits, ServeSettings
    except ImportError as fault:
        if (fault.name or "").split(".")[0] not in ("starlette", "uvicorn", "anyio"):
            raise
        raise PackageError.missing(str(fault.name), "lddu serve", "lddu[serve,clips]") from None
    refuse_unknown_options("serve", runs or [], serve.__annotations__)
    for name, value in (("largest", largest), ("timeout", timeout)):
        if not 0 < value < 1e6:
            raise ConfigError(f"Expected {parameter(name)} above 0 and below a million, but got {value:g}.")
    if keep is not None:
        if keep.exists() and not keep.is_dir():
            raise ConfigError(f"Expected {parameter('keep')} to be a folder, but {keep} is a file; choose another.")
        keep.mkdir(parents=True, exist_ok=True)
        refuse_unwritable(keep / "clip")
    limits = Limits(
        upload_bytes=int(largest * MEGABYTE), stored_bytes=int(4 * largest * MEGABYTE), answer_seconds=timeout
    )
    settings = ServeSettings(tuple(runs or ["default"]), host, port, keep, limits)
    try:
        run_server(settings, lambda access: _opened(access, browser))
    except KeyboardInterrupt:
        stays = "no clip and no answer stays" if keep is None else f"the clips are in {keep}"
        raise KeyboardInterrupt(f"Stopped; {stays}.") from None


def _opened(access: "Access", browser: bool) -> None:
    """Say where the page is, and open it."""
    from lddu.commands.screen import notes, results, warn

    out = results().file
    out.write(access.address + "\n")
    out.flush()
    if access.is_open:
        warn(
            [
                "others in the network can reach it; what is sent is not encrypted: 'ssh -L' to 127.0.0.1 is safer, and can record"
            ]
        )
    notes().print("This address holds the key: whoever has it can ask. Ctrl-C stops it.")
    if browser and _has_screen():
        import threading
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(access.invitation(),), daemon=True).start()


def _has_screen() -> bool:
    """Whether a browser would show itself rather than fill this terminal."""
    import os
    import sys

    if not sys.stderr.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
