"""Labels written as token lists, as TAILOR, CARAT and LDDU do: [2, ids ..., 3], where id 4 is the first emotion."""

import ast
from collections.abc import Sequence

from lddu.errors import SourceError

PADDING, UNKNOWN, BEGIN, END = range(4)
FIRST_EMOTION = 4


def shares_of_tokens(tokens: Sequence[float], emotions: Sequence[str], where: str) -> list[float]:
    """1 for each emotion that is listed, 0 for the others.

    Args:
        tokens: begin, ids in any order, end, then nothing but padding.
        emotions: names, the first being id 4.
        where: what to call the list in messages.

    Raises:
        SourceError: where the list has another form.
    """
    ids = [int(token) for token in tokens if float(token).is_integer()]
    end = ids.index(END) if END in ids else -1
    named = ids[1:end]
    known = range(FIRST_EMOTION, FIRST_EMOTION + len(emotions))
    sound = len(ids) == len(tokens) and ids[:1] == [BEGIN] and end > 0 and all(i in known for i in named)
    if not sound or any(i != PADDING for i in ids[end + 1 :]):
        first_tokens = ", ".join(f"{token:g}" for token in list(tokens)[:12])
        raise SourceError(
            f"Expected {where} to be [{BEGIN}, ids of emotions from {known.start} to {known.stop - 1}, {END}], "
            f"but got [{first_tokens}]."
        )
    return [float(i in named) for i in known]


def tokens_in(text: str, where: str) -> list[float]:
    """The numbers of a list written as text, such as ``"[2, 4, 6, 3]"``.

    Raises:
        SourceError: where it is no list of numbers.
    """
    try:
        numbers = ast.literal_eval(text.strip()) if len(text) < 1000 else None
        if isinstance(numbers, list | tuple) and all(isinstance(number, int | float) for number in numbers):
            return [float(number) for number in numbers]
    except (ValueError, SyntaxError, RecursionError, MemoryError, OverflowError):
        pass
    raise SourceError(f"Expected {where} to be a list such as [2, 4, 6, 3], but got {text[:40]!r}.")
