"""What a cell of a clip table says: one value, however a spreadsheet, a script or a country spells it."""

import math
import re
import unicodedata
from typing import Any

UNKNOWN = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "-", "?"})
"""Words for an empty cell, in lower case: R writes NA, Excel #N/A, databases NULL."""

_NOTHING_SAID = UNKNOWN - {"none"}
"""Words for an empty cell among names of emotions, where none may be what a rater named."""

TRUE = frozenset({"true", "yes", "y", "ja", "oui", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"})
FALSE = frozenset({"false", "no", "n", "nein", "non", "falsch", "faux", "falso", "onwaar"})
"""As programs write them, and Excel in German, French, Spanish, Portuguese, Italian and Dutch; in lower case."""

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
_FRACTION = re.compile(r"(\d+)\s*/\s*([1-9]\d*)")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
_EXACT = 2**53
"""Up to here every whole number is a float64 of its own; longer numbers, such as ids, are words."""

Spelt = tuple[float | None, str]
"""A number, None where it is unknown, and the kind of its spelling, which is empty where it is a plain one."""


def words(cell: Any) -> str:
    """A cell as text; empty where nothing is there."""
    return "" if cell is None or (isinstance(cell, float) and math.isnan(cell)) else str(cell)


def composed(text: str) -> str:
    """Text whose accented letters are one sign each (NFC), as most systems write them; macOS and some archives do not."""
    return unicodedata.normalize("NFC", text)


def is_decimal_comma(cell: Any) -> bool:
    """Whether a cell is a number with a comma that can stand before decimals only, which that of 1,500 is not."""
    if not isinstance(cell, str) or "," not in cell:
        return False
    text = cell.strip().rstrip("%").rstrip()
    return bool(_DECIMAL_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text)


def number(cell: Any) -> Spelt:
    """A plain number, or one with a decimal comma.

    Raises:
        ValueError: where it is something else.
    """
    if cell is None or isinstance(cell, bool | int | float):
        value = math.nan if cell is None else float(cell)
        return (None, "") if math.isnan(value) else (value, "")
    text = str(cell).strip()
    if _DECIMAL.fullmatch(text):
        return float(text), ""
    if not text:
        return None, ""
    if text.lower() in UNKNOWN:
        return None, "unknown_words" if text.lower() != "nan" else ""
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", ".")), "decimal_commas"
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return float(text), ""
    raise ValueError(f"{text!r} is no number")


def share(cell: Any) -> Spelt:
    """A share of raters: a number, true or false, a percentage, or a fraction such as 2/3.

    Raises:
        ValueError: where it is something else.
    """
    text = cell.strip() if isinstance(cell, str) else ""
    if not text or _DECIMAL.fullmatch(text):
        return number(cell)
    if text.lower() in TRUE | FALSE:
        return float(text.lower() in TRUE), "truth_words"
    if text.endswith("%"):
        value, _ = number(text[:-1])
        return None if value is None else value / 100, "percentages"
    if match := _FRACTION.fullmatch(text):
        return int(match[1]) / int(match[2]), "fractions"
    return number(cell)


def seconds(cell: Any) -> Spelt:
    """Seconds, or a time of the clock such as 1:02.5.

    Raises:
        ValueError: where it is something else.
    """
    if isinstance(cell, str) and (match := _CLOCK.fullmatch(cell.strip())):
        hours, minutes, rest = match.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(rest.replace(",", ".")), "clock_times"
    return number(cell)


def is_ambiguous(cell: Any) -> bool:
    """Whether a comma may stand before decimals or between thousands: 1,500."""
    return bool(_THOUSANDS.fullmatch(words(cell).strip()))


def carried_numbers(cells: list[Any], comma: bool) -> list[float] | None:
    """A carried column as numbers, NaN where empty; None where any cell is a word, or a number that a float would change.

    Args:
        cells: the column.
        comma: whether numbers of this table have decimal commas.
    """
    numbers = []
    for cell in cells:
        text = words(cell).strip()
        if text.lower() in ("", "nan"):
            numbers.append(math.nan)
            continue
        try:
            value, kind = number(cell)
        except ValueError:
            return None
        whole = float(value or 0).is_integer() and "." not in text
        if value is None or _LEADING_ZERO.match(text) or (whole and abs(value) > _EXACT):
            return None
        if kind and not (comma and kind == "decimal_commas"):
            return None
        numbers.append(value)
    return numbers


def listed_names(cell: Any) -> list[str] | None:
    """What a cell lists (``joy, anger``, ``['joy', 'anger']``), as often as it is there; None where the cell is empty."""
    if isinstance(cell, list | tuple | set):
        names = list(map(words, cell))
    else:
        text = words(cell).strip()
        if not text or text.lower() in _NOTHING_SAID:
            return None
        if text[0] in "[({" and text[-1] in "])}":
            text = text[1:-1]
        names = [name.strip(" '\"") for name in re.split(r"[,;|]", text)]
    there = [composed(name.strip()) for name in names if name.strip()]
    said = [name for name in there if name.lower() not in _NOTHING_SAID]
    return None if there and not said else said


def emotion_names(cell: Any) -> tuple[str, ...] | None:
    """The emotions that a cell names, one or a list of them, each once; None where it is empty."""
    names = listed_names(cell)
    return None if names is None else tuple(dict.fromkeys(names))
