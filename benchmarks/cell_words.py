"""MiniLM means of comments, cached."""

from pathlib import Path

import numpy as np

CHUNK = 10_000


def embedded(cache: Path, texts: dict[str, str]) -> dict[str, np.ndarray]:
    """Clip -> [768] mean over tokens of the third and of the last layer of the packaged MiniLM."""
    states: dict[str, np.ndarray] = {}
    for place in sorted(cache.glob("[!.]*.npz")):
        part = np.load(place)
        states.update(zip(part["clip"].tolist(), part["values"], strict=True))
    missing = [clip for clip in texts if clip not in states]
    cache.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(missing), CHUNK):
        clips = missing[first : first + CHUNK]
        values = _embed([texts[clip] for clip in clips])
        temporary = cache / f".{clips[0]}-{len(clips)}.tmp.npz"
        np.savez(temporary, clip=np.array(clips), values=values)
        temporary.rename(cache / f"{clips[0]}-{len(clips)}.npz")
        states.update(zip(clips, values, strict=True))
    return states


def _embed(texts: list[str]) -> np.ndarray:
    """[N, 768]."""
    from benchmarks.default_corpora import words_of
    from lddu.clips.words.text import WordEncoder

    return np.stack([states.mean(axis=0) for states in WordEncoder().states([words_of(text) for text in texts])])
