"""JSON of recognisers with a form of their own -> the usual one: segments of items with a text, a start and an end.

Most recognisers differ in the names of their fields alone, which `lddu.clips.words.recognisers` knows. Those here keep times in
ticks, in rows without names, per token instead of per word, or who speaks in a list apart. Keys are in lower case, without "_".
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Node = Mapping[str, Any]

_TICKS = 1e7  # a second, of Microsoft
_SPECIAL = re.compile(r"\s*(?:\[_\w+\]|<\|[^|]*\|>|</?\w+>)\s*")  # tokens of Whisper and others that are no text
_NEW_WORD = (" ", "▁")


def regular(document: Any) -> Any:
    """The document in the usual form; itself where it has that already, or is of no form that is known here."""
    for form in _FORMS:
        converted = form(document)
        if converted:
            return converted
    return document


def _nodes(value: Any) -> list[Node]:
    return [node for node in value if isinstance(node, Mapping)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _azure(document: Any) -> list[Any] | None:
    """Microsoft: phrases with their best answers first, times in ticks; a document of many phrases, one, or a list."""
    phrases = _nodes(document.get("recognizedphrases")) if isinstance(document, Mapping) else _nodes(document)
    single = [document] if isinstance(document, Mapping) else []
    recognised = [phrase for phrase in phrases or single if "recognitionstatus" in phrase or "displaytext" in phrase]
    return [_azure_phrase(phrase) for phrase in recognised] or None


def _azure_phrase(phrase: Node) -> Node:
    best = next(iter(_nodes(phrase.get("nbest"))), {})
    text = phrase.get("displaytext") or best.get("display") or ""
    words = next((listed for name in ("displaywords", "words") if (listed := _nodes(best.get(name)))), [])
    timed = [{"text": word.get("word", word.get("displaytext")), **_ticks(word)} for word in words]
    return {"text": text, "speaker": phrase.get("speaker", phrase.get("speakerid")), "words": timed, **_ticks(phrase)}


def _ticks(node: Node) -> Node:
    """Start and end; `offset` is in ticks where it is a number."""
    start, length = (_number(node.get(f"{name}inticks", node.get(name))) for name in ("offset", "duration"))
    if start is None or length is None:
        return {"start": node.get("offset"), "duration": node.get("duration")}
    return {"start": start / _TICKS, "end": (start + length) / _TICKS}


def _amazon(document: Any) -> Node | None:
    """Amazon: who speaks when stands in a list apart."""
    results = document.get("results") if isinstance(document, Mapping) else None
    turns = results.get("speakerlabels") if isinstance(results, Mapping) else None
    if not isinstance(results, Mapping) or not isinstance(turns, Mapping):
        return None
    items = [item for turn in _nodes(turns.get("segments")) for item in _nodes(turn.get("items"))]
    speakers = {str(item.get("starttime")): item.get("speakerlabel") for item in items}
    words = [{"speaker": speakers.get(str(item.get("starttime"))), **item} for item in _nodes(results.get("items"))]
    return {"words": words} if words else None


def _ibm(document: Any) -> Node | None:
    """IBM: rows of a word, its start and its end; who speaks stands apart, by the start."""
    if not isinstance(document, Mapping):
        return None
    best = [next(iter(_nodes(result.get("alternatives"))), {}) for result in _nodes(document.get("results"))]
    rows = [row for answer in best if isinstance(answer.get("timestamps"), list) for row in answer["timestamps"]]
    speakers = {turn.get("from"): turn.get("speaker") for turn in _nodes(document.get("speakerlabels"))}
    words = [
        {"text": row[0], "start": row[1], "end": row[2], "speaker": speakers.get(row[1])}
        for row in rows if isinstance(row, list) and len(row) == 3 and _number(row[1]) is not None
    ]  # fmt: skip
    return {"words": words} if words else None


def _youtube(document: Any) -> list[Any] | None:
    """YouTube's json3: pieces with milliseconds from the beginning of their event, shown on while the next one begins."""
    events = _nodes(document.get("events")) if isinstance(document, Mapping) else []
    spoken = [
        (float(event["tstartms"]), event, pieces)
        for event in events if _number(event.get("tstartms")) is not None
        and (pieces := [piece for piece in _nodes(event.get("segs")) if str(piece.get("utf8", "")).strip()])
    ]  # fmt: skip
    segments = []
    for number, (begin, event, pieces) in enumerate(spoken):
        last = begin + (_number(event.get("ddurationms")) or 0.0)
        after = spoken[number + 1][0] if number + 1 < len(spoken) else last
        words = [
            {"text": str(piece["utf8"]).strip(), "startms": begin + (_number(piece.get("toffsetms")) or 0.0)}
            for piece in pieces
        ]
        content = {"words": words} if len(words) > 1 else {"text": words[0]["text"]}
        segments.append({"startms": begin, "endms": min(last, max(begin, after)), **content})
    return segments or None


def _tiers(document: Any) -> Node | None:
    """The Montreal Forced Aligner: rows of start, end and label in a tier of words."""
    tiers = document.get("tiers") if isinstance(document, Mapping) else None
    if not isinstance(tiers, Mapping):
        return None
    named = [(str(name), tier["entries"]) for name, tier in tiers.items()
             if isinstance(tier, Mapping) and isinstance(tier.get("entries"), list)
             and re.search(r"(?:^|\W)words?$", str(name))]  # fmt: skip
    words = [
        {"text": row[2], "start": row[0], "end": row[1], "speaker": name.rpartition(" - ")[0]}
        for name, rows in named for row in rows if isinstance(row, list) and len(row) == 3
    ]  # fmt: skip
    return {"words": words} if words else None


def _tokens(document: Any) -> Any:
    """Parts of words with times of their own: whisper.cpp in full, Soniox, sherpa-onnx."""
    if not isinstance(document, Mapping):
        return None
    parts = _nodes(document.get("transcription"))
    if parts and all(_nodes(part.get("tokens")) for part in parts):
        return [{**part, "words": list(_joined(_nodes(part["tokens"])))} for part in parts]
    tokens, times = document.get("tokens"), document.get("timestamps")
    if isinstance(tokens, list) and isinstance(times, list) and len(tokens) == len(times):
        tokens = [{"text": token, "start": time} for token, time in zip(tokens, times, strict=True)]
    words = list(_joined(_nodes(tokens)))
    return {"words": words} if words else None


def _joined(tokens: Sequence[Node]) -> Iterator[Node]:
    """Words of tokens, of which those that begin a word have a blank before it."""
    word: dict[str, Any] = {}
    for token in tokens:
        text = token.get("text")
        if not isinstance(text, str) or _SPECIAL.fullmatch(text):
            continue
        if not word or text.startswith(_NEW_WORD):
            if word:
                yield word
            word = {**token, "text": text.lstrip("▁")}
            continue
        word["text"] += text
        ends = {name: token[name] for name in ("end", "endms") if name in token}
        for name in ("offsets", "timestamps"):
            if isinstance(token.get(name), Mapping) and isinstance(word.get(name), Mapping):
                ends[name] = {**word[name], "to": token[name].get("to")}
        word |= ends
    if word:
        yield word


_FORMS: tuple[Callable[[Any], Any], ...] = (_azure, _amazon, _ibm, _youtube, _tiers, _tokens)
