"""Tasks for the tests of workers, in a module that worker processes can import."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lddu.errors import StoreError


@dataclass(frozen=True)
class Opening:
    """Says how often it was opened in this process, and does what the word of a task says."""

    folder: Path

    def __call__(self) -> Callable[[str], str]:
        (self.folder / f"opened-{os.getpid()}").write_text(f"{len(list(self.folder.glob(f'opened-{os.getpid()}*')))}")
        return self.act

    def act(self, word: str) -> str:
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "die once" and not (self.folder / "died").exists():
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "refuse":
            raise StoreError("Expected a store, but there is none.")
        if word == "sleep":
            (self.folder / f"asleep-{os.getpid()}").touch()
            time.sleep(600)
        return f"{word} {os.environ['OMP_NUM_THREADS']} {Path.cwd().name}"
