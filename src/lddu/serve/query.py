"""The options in the address of a request, checked before anything is received."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from lddu.errors import LdduError
from lddu.exports.text import unbroken
from lddu.serve.request import Model

OPTIONS = ("model", "recall", "coverage", "transcribe", "per_person", "name")


class BadRequestError(LdduError):
    """A request whose options or body do not follow the interface."""


@dataclass(frozen=True)
class QueryOptions:
    """Options of a request; see `lddu.serve.request.AnswerRequest`."""

    name: str = ""
    model: str = ""
    recall: float | None = None
    coverage: float | None = None
    transcribe: bool = False
    per_person: bool = False


def options_of(query: QueryParams, models: Sequence[Model]) -> QueryOptions:
    """The options in a query.

    Args:
        query: of the request.
        models: of the server; none while they are loaded, when the name is checked later.

    Raises:
        BadRequestError: where one is unknown, given twice, or has a wrong value.
    """
    for name in query:
        if name not in (*OPTIONS, "token"):
            raise BadRequestError(f"Expected the parameters {', '.join(OPTIONS)}, but got {name!r}; leave it out.")
        if len(query.getlist(name)) > 1:
            raise BadRequestError(f"Expected {name} once, but got it {len(query.getlist(name))} times; leave one out.")
    model, known = query.get("model", ""), [one.name for one in models]
    if model and known and model not in known:
        raise BadRequestError(f"Expected model to be {' or '.join(known)}, but got {model!r}; choose one of these.")
    return QueryOptions(
        query.get("name", ""),
        model,
        _share("recall", query, "below"),
        _share("coverage", query, "at most"),
        _flag("transcribe", query),
        _flag("per_person", query),
    )


def refuse_options_of_media(options: QueryOptions) -> None:
    """Of words alone nothing can be heard or seen.

    Raises:
        BadRequestError: where that is asked for.
    """
    for name, asked in (("transcribe", options.transcribe), ("per_person", options.per_person)):
        if asked:
            raise BadRequestError(f"Expected {name} only for what is heard or seen, but got a text; leave it out.")


def _flag(name: str, query: QueryParams) -> bool:
    word = query.get(name, "false")
    if word not in ("true", "false"):
        raise BadRequestError(f"Expected {name} to be true or false, but got {word!r}; write one of these.")
    return word == "true"


def _share(name: str, query: QueryParams, end: str) -> float | None:
    """A number above 0 and below, or at most, 1."""
    word = query.get(name)
    if word is None:
        return None
    try:
        value = float(word) if word.isascii() and not {*word} & {*"_ \t\n"} else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < 1 and not (end == "at most" and value == 1):
        raise BadRequestError(f"Expected {name} above 0 and {end} 1, but got {word!r}; ask for 0.9, say.")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON, of which each key counts: which of two would be read is no reader's to choose."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise BadRequestError(f"Expected {name!r} once, but got it {count} times; leave one out.")
    return dict(pairs)


def text_of(body: bytes, most: int) -> str:
    """The text in a JSON body.

    Raises:
        BadRequestError: where the body is otherwise, or the text is empty or too long.
    """
    try:
        document = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise BadRequestError('Expected JSON such as {"text": "I am so glad"}, but cannot read it; mend it.') from None
    if not isinstance(document, dict) or set(document) != {"text"} or not isinstance(document["text"], str):
        raise BadRequestError('Expected {"text": "..."} and nothing else; a file is sent as the body itself.')
    text: str = document["text"]
    if len(text) > most:
        raise BadRequestError(f"Expected at most {most} characters, but got {len(text)}; send a .txt file in parts.")
    if not text.split():
        raise BadRequestError("Expected words in text, but it has none; write some.")
    return unbroken(text)
