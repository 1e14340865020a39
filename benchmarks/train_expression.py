"""Train the face expression network on FER+ votes, on the CPU: `python benchmarks/train_expression.py FACES OUT`.

FACES holds `photos.npz` and `votes.csv.gz`; OUT gets `expression.safetensors` (the weights that did best on valid),
`figures.json`, `features.npz` (what the network reads from photos it did not train on) and a checkpoint an epoch: the
same command continues after any interruption, and ends with the same numbers. The test split is read once, after all
epochs. A training that takes too long may go on with fewer `--epochs` than it began with: the learning rate then falls
sooner, and figures.json tells at which epoch.

With `--folds K` the training photos are dealt to K folds, copies of a photo to the same one, and K networks are trained
without one fold each, or one of them with `--fold k`. When all are done and FINAL, the OUT of a full training, is given
as `--align-to`, `out_of_fold.npz` holds features of every training photo by a network that did not see it.
"""

import argparse
import csv
import gzip
import json
import math
import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from sklearn.metrics import average_precision_score
from torch import Tensor

from lddu.clips.face.expression import ExpressionReader
from lddu.clips.face.expression_network import (
    EXPRESSIONS,
    SIDE,
    Expression,
    ExpressionNetwork,
    load_expression_network,
    packed,
    standardise,
)

_PRESENT = 0.2  # share of votes from which an expression counts as present
_MOST_BYTES = 2_000_000
_SIZES = ((0.45, 32), (0.75, 40), (1.0, SIDE))  # up to this part of the epochs, photos of this side
_AT_ONCE = 512


@dataclass(frozen=True)
class Plan:
    """All that the trained weights depend on, besides the photos and the machine."""

    epochs: int = 30
    seed: int = 0
    threads: int = 1
    folds: int = 1
    fold: int = 0
    batch: int = 128
    rate: float = 3e-3
    decay: float = 0.05
    averaging: float = 0.998
    dropout: float = 0.3
    products: str = "bfloat16"
    """Type of the matrix products; a processor without AVX-512 takes 15 times as long for bfloat16 as for float32."""

    def rounded(self) -> torch.autocast:
        """Within this, products are made in the type of the plan."""
        return torch.autocast("cpu", torch.bfloat16, enabled=self.products == "bfloat16")

    def side(self, epoch: int) -> int:
        """Side of the photos in this epoch: small ones first, which cost less."""
        return next(side for until, side in _SIZES if epoch < until * self.epochs or until == 1.0)


@dataclass(frozen=True)
class Faces:
    """Photos and the shares of their votes."""

    photos: Tensor
    """uint8 [photos, 48, 48]"""
    shares: Tensor
    """float32 [photos, 8], zeros where no vote is left"""
    unique: Tensor
    """bool [photos]: one expression has more votes than any other"""
    split: np.ndarray
    """str [photos]"""
    prints: np.ndarray
    """int64 [photos]: the same for copies of a photo"""

    def rows(self, split: str) -> Tensor:
        """Photos of a split that have a vote."""
        return torch.from_numpy(np.flatnonzero((self.split == split) & (self.shares.sum(1) > 0).numpy()))

    def fold(self, folds: int) -> Tensor:
        """The fold of each photo, int64 [photos]: copies of a photo share one."""
        return torch.from_numpy(self.prints % folds)

    def copied(self, rows: Tensor) -> Tensor:
        """Which rows are exact copies of a training photo, bool [rows]."""
        return torch.from_numpy(np.isin(self.prints[rows.numpy()], self.prints[self.split == "train"]))


def read_faces(folder: Path) -> Faces:
    """FER+ by its rule: single votes are noise, `unknown` and NF are no expression."""
    with gzip.open(folder / "votes.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    votes = torch.tensor([[float(row[name]) for name in EXPRESSIONS] for row in rows])
    votes[votes == 1] = 0
    with np.load(folder / "photos.npz") as arrays:
        photos = arrays["photos"]
    return Faces(
        photos=torch.from_numpy(photos),
        shares=votes / votes.sum(1, keepdim=True).clamp(min=1),
        unique=(votes == votes.amax(1, keepdim=True)).sum(1) == 1,
        split=np.array([row["split"] for row in rows]),
        prints=np.array([zlib.crc32(photo.tobytes()) for photo in photos], dtype=np.int64),
    )


def varied(photos: Tensor, side: int) -> Tensor:
    """Photos as they might as well have been taken, each in its own way, standardised.

    Args:
        photos: uint8 [photos, 48, 48].
        side: of what comes out.

    Returns:
        float32 [photos, 1, side, side].
    """
    moved = F.grid_sample(
        photos[:, None].float() / 255,
        F.affine_grid(_movements(len(photos)), [len(photos), 1, side, side], align_corners=False),
        padding_mode="border",
        align_corners=False,
    )
    bent = moved.clamp(1e-3, 1) ** torch.empty(len(photos), 1, 1, 1).uniform_(-0.5, 0.5).exp()
    return _with_holes(standardise(255 * bent[:, 0]))


def _movements(count: int) -> Tensor:
    """Random mirroring, rotation, scale, shear and shift as affine matrices, float32 [count, 2, 3]."""
    angle = torch.randn(count).clamp(-2.5, 2.5) * math.radians(8)
    zoom = torch.empty(count).uniform_(-0.16, 0.16).exp()
    stretch = torch.empty(count).uniform_(-0.07, 0.07).exp()
    shear = torch.empty(count).uniform_(-0.08, 0.08)
    mirror = (torch.rand(count) < 0.5).float() * 2 - 1
    across, down = angle.cos() * zoom, angle.sin() * zoom
    matrix = torch.empty(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = mirror * across * stretch, mirror * (shear - down)
    matrix[:, 1, 0], matrix[:, 1, 1] = down * stretch, across
    matrix[:, :, 2] = torch.empty(count, 2).uniform_(-0.16, 0.16)
    return matrix


def _with_holes(pictures: Tensor) -> Tensor:
    """Half of the pictures with a random box, up to 45 % of the side, set to the mean; [photos, 1, side, side]."""
    count, side = len(pictures), pictures.shape[-1]
    size = torch.empty(count, 2).uniform_(0.15, 0.45) * side
    size[torch.rand(count) < 0.5] = 0
    start = torch.rand(count, 2) * side - size / 2
    place = torch.arange(side)
    inside = (place >= start[..., None]) & (place < (start + size)[..., None])
    return pictures.masked_fill((inside[:, 0, :, None] & inside[:, 1, None, :])[:, None], 0)


def figures(shares: Tensor, faces: Faces, rows: Tensor) -> dict[str, Any]:
    """How well predicted shares fit the votes.

    Args:
        shares: predicted, float32 [rows, 8].
        faces: all photos.
        rows: int64 [rows], photos with a vote.

    Returns:
        Accuracy over the photos with a unique top and their number; mean average precision over the seven emotions
        without contempt, and the average precision of each of the eight.
    """
    voted, unique = faces.shares[rows], faces.unique[rows]
    right = (shares.argmax(1) == voted.argmax(1))[unique]
    each = {
        name: float(average_precision_score((voted[:, place] >= _PRESENT).numpy(), shares[:, place].numpy()))
        for place, name in enumerate(EXPRESSIONS)
    }
    return {
        "accuracy": float(right.double().mean()),
        "n_accuracy": len(right),
        "mAP_of_7": float(np.mean([each[name] for name in EXPRESSIONS if name != "contempt"])),
        "n_mAP": len(rows),
        "average_precision": each,
    }


def read(network: ExpressionNetwork, photos: Tensor, mirrored: bool = True) -> Expression:
    """What the network reads from uint8 [photos, 48, 48], a part at a time."""
    parts = [network.read(part, mirrored) for part in torch.split(photos, _AT_ONCE)]
    return Expression(torch.cat([part.shares for part in parts]), torch.cat([part.embedding for part in parts]))


class Training:
    """A network on its way, its moving average, and where they are kept.

    Args:
        plan: what to do.
        faces: all photos.
        out: folder of the checkpoint and the results.
    """

    def __init__(self, plan: Plan, faces: Faces, out: Path) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.faces, self.out = plan, faces, out
        self.rows = faces.rows("train")
        if plan.folds > 1:
            self.rows = self.rows[faces.fold(plan.folds)[self.rows] != plan.fold]
        self.network = ExpressionNetwork(plan.dropout)
        self.average = ExpressionNetwork(plan.dropout).eval()
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self._groups(), lr=plan.rate)
        self.history: list[dict[str, float]] = []

    def run(self, until: int) -> bool:
        """All epochs up to this one that are not done yet; whether the plan is done with that."""
        self.out.mkdir(parents=True, exist_ok=True)
        self._continue()
        while len(self.history) < min(until, self.plan.epochs):
            self._epoch(len(self.history))
        return len(self.history) >= self.plan.epochs

    def _groups(self) -> list[dict[str, Any]]:
        """Only matrices and kernels decay."""
        weights = list(self.network.parameters())
        return [
            {"params": [weight for weight in weights if weight.ndim > 1], "weight_decay": self.plan.decay},
            {"params": [weight for weight in weights if weight.ndim == 1], "weight_decay": 0.0},
        ]

    def _epoch(self, epoch: int) -> None:
        """Train on all photos once, measure the average on valid, keep both."""
        began = time.monotonic()
        torch.manual_seed(self.plan.seed * 100_003 + self.plan.fold * 1_009 + epoch + 1)  # all chance of this epoch
        self.network.train()
        order = self.rows[torch.randperm(len(self.rows))]
        batches = torch.split(order[: len(order) // self.plan.batch * self.plan.batch], self.plan.batch)
        losses = [self._step(rows, epoch + place / len(batches)) for place, rows in enumerate(batches)]
        valid = self.faces.rows("valid")
        with self.plan.rounded():
            found = figures(read(self.average, self.faces.photos[valid], mirrored=False).shares, self.faces, valid)
        told = {"loss": float(np.mean(losses)), "accuracy": found["accuracy"], "mAP_of_7": found["mAP_of_7"]}
        best = max((_score(earlier) for earlier in self.history), default=0.0)
        seconds = time.monotonic() - began
        self.history.append({"epoch": epoch + 1, "of": self.plan.epochs, **told, "seconds": seconds})
        if _score(told) > best:
            save_weights(self.average, self.out / "expression.safetensors")
        self._keep()
        shown = " ".join(f"{name} {value:.4g}" for name, value in self.history[-1].items())
        print(f"fold {self.plan.fold} of {self.plan.folds}: {shown}", flush=True)

    def _step(self, rows: Tensor, progress: float) -> float:
        """One batch; the learning rate rises for 10 % of the epochs and falls as a half cosine."""
        done = progress / self.plan.epochs
        factor = done / 0.1 if done < 0.1 else (1 + math.cos(math.pi * (done - 0.1) / 0.9)) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * max(factor, 1e-3)
        with self.plan.rounded():
            logits, _ = self.network(varied(self.faces.photos[rows], self.plan.side(int(progress))))
        loss = -(self.faces.shares[rows] * logits.float().log_softmax(1)).sum(1).mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self._average(1 - min(self.plan.averaging, (1 + progress * 300) / (10 + progress * 300)))
        return float(loss.detach())

    @torch.no_grad()
    def _average(self, weight: float) -> None:
        """Move the average towards the network, statistics of the normalisation too."""
        now = self.network.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(now[name], weight)
            else:
                value.copy_(now[name])

    def _keep(self) -> None:
        """A checkpoint that is either the old one or the new one, whenever the process dies."""
        state = {
            "plan": asdict(self.plan),
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
        }
        torch.save(state, self.out / "checkpoint.new")
        (self.out / "checkpoint.new").replace(self.out / "checkpoint.pt")

    def _continue(self) -> None:
        """Take up the checkpoint, if there is one; chance needs none, as each epoch seeds its own."""
        if not (self.out / "checkpoint.pt").exists():
            return
        state = torch.load(self.out / "checkpoint.pt", weights_only=True)
        if {"products": "bfloat16", **state["plan"], "epochs": 0} != {**asdict(self.plan), "epochs": 0}:
            raise SystemExit(f"{self.out} holds a training by another plan: {state['plan']}; choose another folder.")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.history = state["history"]


def _score(told: dict[str, float]) -> float:
    """What the best epoch is chosen by, on valid."""
    return told["accuracy"] + told["mAP_of_7"]


def save_weights(network: ExpressionNetwork, path: Path) -> None:
    """Kernels in 8 bits, which costs no accuracy and three quarters of the space."""
    save_file(packed(network.state_dict()), path.with_suffix(".new"))
    size = path.with_suffix(".new").stat().st_size
    if size > _MOST_BYTES:
        raise SystemExit(f"The weights take {size} bytes, more than {_MOST_BYTES}; make the network narrower.")
    path.with_suffix(".new").replace(path)


def measure(out: Path, faces: Faces, told: dict[str, Any]) -> None:
    """Write all figures of the weights in this folder on valid and test; with copies of training photos and without."""
    network = load_expression_network(out / "expression.safetensors")
    found: dict[str, Any] = dict(told)
    for split in ("valid", "test"):
        rows = faces.rows(split)
        new = ~faces.copied(rows)
        plain = read(network, faces.photos[rows], mirrored=False).shares
        both = read(network, faces.photos[rows]).shares
        found[split] = {
            "mirrored": figures(both, faces, rows),
            "single": figures(plain, faces, rows),
            "mirrored, without copies of training photos": figures(both[new], faces, rows[new]),
        }
    found["bytes"] = (out / "expression.safetensors").stat().st_size
    found["parameters"] = sum(weight.numel() for weight in ExpressionNetwork().parameters())
    found["milliseconds_per_face"] = {count: milliseconds(network, count) for count in (1, 16)}
    (out / "figures.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def milliseconds(network: ExpressionNetwork, count: int) -> dict[str, float]:
    """Processor time for one face of a batch of this many on one thread, median of 30: other work hardly changes it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    photos = torch.randint(0, 256, (count, SIDE, SIDE), dtype=torch.uint8)
    medians = {}
    for name, mirrored in (("single", False), ("mirrored", True)):
        took = []
        for _ in range(35):
            began = time.process_time()
            network.read(photos, mirrored)
            took.append(time.process_time() - began)
        medians[name] = 1000 * float(np.median(took[5:])) / count
    torch.set_num_threads(threads)
    return medians


def save_features(out: Path, faces: Faces, rows: Tensor) -> None:
    """What extraction reads from these photos with the weights in this folder."""
    found = _extracted(out, faces.photos[rows])
    np.savez(out / "features.npz", rows=rows.numpy(), shares=found.shares.numpy(), embedding=found.embedding.half())


def _extracted(out: Path, photos: Tensor) -> Expression:
    """The numbers of uint8 [photos, 48, 48] as the features of clips have them: made in the same way, not mirrored."""
    reader = ExpressionReader(out / "expression.safetensors")
    read = torch.from_numpy(np.concatenate([reader.read(list(part.numpy())) for part in torch.split(photos, _AT_ONCE)]))
    return Expression(read[:, : len(EXPRESSIONS)].exp(), read[:, len(EXPRESSIONS) :])


def save_out_of_fold(out: Path, final: Path, faces: Faces, folds: int) -> None:
    """Features of all photos: of train by the network that did not see them, of valid and test by the final one.

    Each network has an embedding of its own. A linear map, fitted on the photos of valid that are no copies of training
    photos, brings those of the folds to that of the final network.
    """
    valid = faces.rows("valid")
    valid = valid[~faces.copied(valid)]
    wanted = _extracted(final, faces.photos[valid]).embedding
    parts = [_features(final / "features.npz")]
    fit: dict[str, float] = {}
    for fold in range(folds):
        place = out / f"fold{fold}"
        bring, fit[f"fold {fold}"] = _mapping(_extracted(place, faces.photos[valid]).embedding, wanted)
        rows, shares, embedding = _features(place / "features.npz")
        parts.append((rows, shares, _with_one(torch.from_numpy(embedding).float()).matmul(bring).half().numpy()))
    rows, shares, embedding = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(rows)
    np.savez(out / "out_of_fold.npz", rows=rows[order], shares=shares[order], embedding=embedding[order])
    train = torch.from_numpy(rows[order])[torch.from_numpy(faces.split[rows[order]] == "train")]
    held = torch.from_numpy(shares[order][faces.split[rows[order]] == "train"])
    told = {"train, out of fold": figures(held, faces, train), "explained by the map, held out": fit}
    (out / "out_of_fold.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def _features(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(path) as arrays:
        return arrays["rows"], arrays["shares"], arrays["embedding"]


def _with_one(embedding: Tensor) -> Tensor:
    return torch.cat([embedding, torch.ones(len(embedding), 1)], 1)


def _mapping(have: Tensor, want: Tensor, ridge: float = 1.0) -> tuple[Tensor, float]:
    """A linear map by least squares, and what part of the variance it explains on a held-out fifth.

    Args:
        have: float32 [photos, embedding].
        want: float32 [photos, embedding].
        ridge: times the photos and the mean variance of an input over 1000, added to the diagonal.

    Returns:
        float32 [embedding + 1, embedding] and the part.
    """

    def fitted(inputs: Tensor, outputs: Tensor) -> Tensor:
        whole = _with_one(inputs).double()
        weight = ridge * len(inputs) * float(inputs.var(0).mean()) / 1000
        gram = whole.T @ whole + weight * torch.eye(whole.shape[1], dtype=torch.float64)
        solved: Tensor = torch.linalg.solve(gram, whole.T @ outputs.double())
        return solved.float()

    out = torch.arange(len(have)) % 5 == 0
    left = want[out] - _with_one(have[out]) @ fitted(have[~out], want[~out])
    explained = 1 - float(left.square().sum() / (want[out] - want[~out].mean(0)).square().sum())
    return fitted(have, want), explained


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path, metavar="FACES")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--epochs", type=int, default=Plan.epochs)
    parser.add_argument("--until", type=int, metavar="EPOCH", help="stop after this epoch, to go on another time")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--threads", type=int, default=Plan.threads)
    parser.add_argument("--products", choices=("bfloat16", "float32"), default=Plan.products)
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=1, help="1: one network on all photos")
    parser.add_argument("--fold", type=int, help="train only the network without this fold")
    parser.add_argument("--align-to", type=Path, metavar="FINAL", help="folder of the network on all photos")
    asked = parser.parse_args()
    if asked.fold is not None and not 0 <= asked.fold < asked.folds:
        parser.error(f"expected --fold between 0 and {asked.folds - 1}")
    return asked


def main() -> None:
    """Train what was asked for, then measure it and write its features."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    faces = read_faces(asked.faces)
    for fold in range(asked.folds) if asked.fold is None else [asked.fold]:
        plan = Plan(asked.epochs, asked.seed, asked.threads, folds=asked.folds, fold=fold, products=asked.products)
        out = asked.out if asked.folds == 1 else asked.out / f"fold{fold}"
        training = Training(plan, faces, out)
        if not training.run(asked.until or plan.epochs):
            continue
        if asked.folds == 1:
            measure(out, faces, {"plan": asdict(plan), "history": training.history})
            save_features(out, faces, torch.cat([faces.rows("valid"), faces.rows("test")]))
        else:
            train = faces.rows("train")
            save_features(out, faces, train[faces.fold(asked.folds)[train] == fold])
    done = asked.folds > 1 and all((asked.out / f"fold{fold}/features.npz").exists() for fold in range(asked.folds))
    if done and asked.align_to is not None:
        save_out_of_fold(asked.out, asked.align_to, faces, asked.folds)


if __name__ == "__main__":
    main()
