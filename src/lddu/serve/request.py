"""Requests to the worker process, and its messages: plain values that travel through a pipe."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lddu.errors import LdduError

ANSWER, PAGE = "answer.json", "page.html"
"""Files of an answered request, in its folder; exports are called ``export.srt`` and so on."""

OnProgress = Callable[[str, float], None]
"""Called with the stage and the share of it that is done, from 0 to 1."""


class AnswerError(LdduError):
    """A request that cannot be answered: the file is broken, an option cannot be met, or it took too long."""


@dataclass(frozen=True)
class AnswerRequest:
    """One clip and its options.

    Attributes:
        folder: of this request alone, in which the answer is written.
        name: the client's, for the clip; shown, never used as a path.
        upload: the file; None where words were typed.
        text: that was typed; empty where there is a file.
        model: name of the run that answers; empty for the first.
        recall: also a set of emotions with this share of all.
        coverage: answer only this share of the pairs.
        transcribe: recognise the words.
        per_person: answer each person in it for themselves.
        page: also write the page and the exports.
    """

    folder: Path
    name: str
    upload: Path | None = None
    text: str = ""
    model: str = ""
    recall: float | None = None
    coverage: float | None = None
    transcribe: bool = False
    per_person: bool = False
    page: bool = False


@dataclass(frozen=True)
class Model:
    """A run that is served.

    Attributes:
        name: in requests.
        sentence: what it is and what it learnt from.
        emotions: that it recognises.
        modalities: that it reads.
        transcribes: whether words can be recognised here.
    """

    name: str
    sentence: str
    emotions: tuple[str, ...]
    modalities: tuple[str, ...]
    transcribes: bool


class Answerer(Protocol):
    """What answers requests, one at a time; its methods wait, and are called from a thread."""

    def open(self) -> tuple[Model, ...]:
        """Load the runs and return them.

        Raises:
            LdduError: where a run cannot be used.
        """

    def answer(self, request: AnswerRequest, progress: OnProgress) -> None:
        """Write the answer into the folder of the request.

        Raises:
            AnswerError: where there is none.
        """

    def interrupt(self) -> None:
        """Give up the request at work, if any; may be called from another thread."""

    def close(self) -> None:
        """Stop at once, for good; may be called from another thread."""
