"""Writing a feature store clip by clip, with bounded memory, all or nothing."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lddu.config import near
from lddu.errors import SourceError, StoreError, parameter
from lddu.labels import SPLITS
from lddu.machine.atomic import refuse_unwritable, replaced_folder, write_text
from lddu.sentences import listed
from lddu.store.clip_table import FIXED_COLUMNS, OF_MODALITY, ClipRow, table_of, write_table
from lddu.store.manifest import FORMAT, VERSION
from lddu.store.outliers import OutlierDetector
from lddu.store.repeated import RepeatDetector
from lddu.store.store import file_sha256
from lddu.store.stream import StorePart
from lddu.store.tensor_file import write_tensors

PART_BYTES = 256 * 2**20
"""A part is closed when it holds this much: the memory a writer needs per modality."""


@dataclass(frozen=True)
class StoreDescription:
    """What a manifest says beside the counts.

    Attributes:
        emotions: names, in order.
        modalities: name -> what the numbers are (``GloVe 300``, an extractor's configuration).
        present_at: share of raters from which an emotion counts as present, Eq. (16).
        source: where the data comes from and its licence, free form.
        simulated: True for made-up data; noted wherever results are shown.
        unlabelled: True for clips that are only predicted: there may be no emotion.
    """

    emotions: tuple[str, ...]
    modalities: Mapping[str, str]
    present_at: float = 0.5
    source: Mapping[str, Any] = field(default_factory=dict)
    simulated: bool = False
    unlabelled: bool = False


class StoreWriter:
    """Collects clips and writes parts as they fill; use through `writing_store`.

    Attributes:
        repairs: what was mended on the way in, counted: kind -> modality (or column) -> count. For the manifest.
        warnings: sentences every reader should see; kept in the manifest.
    """

    def __init__(self, folder: Path, description: StoreDescription) -> None:
        self.repairs: dict[str, Counter[str]] = {}
        self.warnings: list[str] = []
        self._folder = folder
        self._description = description
        self._rows: list[ClipRow] = []
        self._seen: set[str] = set()
        self._repeats = RepeatDetector()
        self._streams = {name: _Stream(folder, name) for name in description.modalities}
        _check_description(description)

    def count(self, kind: str, where: str, times: int = 1) -> None:
        """Note a repair, such as ``count("non_finite_values", "audio", 12)``."""
        if times:
            self.repairs.setdefault(kind, Counter())[where] += times

    def add(
        self, row: ClipRow, features: Mapping[str, np.ndarray], times: Mapping[str, np.ndarray] | None = None
    ) -> None:
        """Append a clip.

        Args:
            row: the clip's line of the table.
            features: modality -> [T, D] finite numbers, T >= 1; a modality that is absent here is missing.
            times: modality -> [T, 2] start and end of each step in seconds from the clip's start, where known.

        Raises:
            SourceError: where the row or an array cannot be stored as it is, or is of a modality that the description lacks.
        """
        if row.clip in self._seen:
            raise SourceError(f"Expected unique clip ids, but got {row.clip!r} twice.")
        _check_row(row, self._description)
        if unknown := sorted(set(features) - set(self._streams)):
            raise SourceError(
                f"Expected clip {row.clip!r} to have features of {listed(list(self._streams))} alone, but it has {listed(unknown)} too; name it "
                "in the description of the store, or leave it out."
            )
        for name, stream in self._streams.items():
            stream.add(row.clip, features.get(name), (times or {}).get(name))
        self._repeats.see(row.clip, row.split, {name: features[name] for name in self._streams if name in features})
        self._seen.add(row.clip)
        self._rows.append(row)

    def finish(self) -> None:
        """Write what is left, the clip table and the manifest."""
        if not self._rows:
            raise SourceError("Expected at least one clip, but got none; nothing was written.")
        table = table_of(self._rows, self._description.emotions)
        write_table(self._folder / "clips.parquet", table)
        modalities = {
            name: {"dimension": stream.dimension, "feature": feature, "parts": [asdict(p) for p in stream.close()]}
            for (name, feature), stream in zip(
                self._description.modalities.items(), self._streams.values(), strict=True
            )
            if stream.dimension
        }
        if not modalities:
            raise SourceError(
                "Expected at least one modality with features, but every clip lacks all; nothing was written."
            )
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "emotions": list(self._description.emotions),
            "present_at": self._description.present_at,
            "modalities": modalities,
            "splits": table.split_counts(),
            "source": dict(self._description.source),
            "simulated": self._description.simulated,
            "repairs": {kind: dict(sorted(where.items())) for kind, where in sorted(self.repairs.items())},
            "warnings": self.warnings
            + self._repeats.sentences()
            + [sentence for stream in self._streams.values() for sentence in stream.outliers.sentences()],
            "sha256": {"clips.parquet": file_sha256(self._folder / "clips.parquet")},
        }
        write_text(self._folder / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def writing_store(out: str | Path, description: StoreDescription, force: bool = False) -> Iterator[StoreWriter]:
    """A `StoreWriter` whose store appears at `out` when the block ends well, and leaves no trace when it does not.

    Raises:
        StoreError: where `out` exists and `force` is not set, or is something other than a store.
    """
    refuse_existing(Path(out), force)
    with replaced_folder(Path(out)) as folder:
        writer = StoreWriter(folder, description)
        yield writer
        writer.finish()


def refuse_existing(out: Path, force: bool) -> None:
    """Raise unless a store may be written to `out`: a RunError where files cannot be put there, a StoreError where something else is."""
    refuse_unwritable(out)
    if not out.exists():
        return
    if not force:
        raise StoreError(
            f"Expected {out} to be free, but it exists; choose another {parameter('out')} or add {parameter('force', True)} to replace it."
        )
    if not (out / "manifest.json").is_file():
        raise StoreError(
            f"Expected {parameter('force', True)} to replace a feature store, but {out} is something else; remove it yourself."
        )


class _Stream:
    """One modality being written: arrays wait in memory until a part is full."""

    def __init__(self, folder: Path, name: str) -> None:
        self.dimension = 0
        self.outliers = OutlierDetector(name)
        self._folder, self._name = folder, name
        self._waiting: list[np.ndarray] = []
        self._lengths: list[int] = []
        self._times: list[np.ndarray] = []
        self._timed = False
        self._bytes = 0
        self._parts: list[StorePart] = []

    def add(self, clip: str, steps: np.ndarray | None, times: np.ndarray | None = None) -> None:
        if steps is not None:
            with np.errstate(over="ignore"):  # what is too large becomes infinite, which is refused
                values = np.array(steps, np.float16 if steps.dtype == np.float16 else np.float32)
            self._check(clip, values)
            self.outliers.see(clip, values)
            assert times is None or times.shape == (len(values), 2)
            self._timed |= times is not None
            self._times.append(np.full((len(values), 2), np.nan, np.float32) if times is None else times.copy())
            self._waiting.append(values)
            self._bytes += values.nbytes
        self._lengths.append(0 if steps is None else len(steps))
        if self._bytes >= PART_BYTES:
            self._flush()

    def close(self) -> list[StorePart]:
        if self._lengths:
            self._flush()
        if len(self._parts) == 1:
            whole = f"{self._name}.safetensors"
            (self._folder / self._parts[0].file).rename(self._folder / whole)
            self._parts = [StorePart(whole, self._parts[0].clips, self._parts[0].steps, self._parts[0].sha256)]
        return self._parts

    def _check(self, clip: str, steps: np.ndarray) -> None:
        where = f"{self._name} of clip {clip!r}"
        if steps.ndim != 2 or not len(steps) or not steps.shape[1]:
            raise SourceError(
                f"Expected {where} to be [steps, numbers] with at least one step, but got shape {steps.shape}."
            )
        if self.dimension and steps.shape[1] != self.dimension:
            raise SourceError(
                f"Expected {where} to have {self.dimension} numbers per step, like the clips before it, "
                f"but got {steps.shape[1]}."
            )
        if not np.isfinite(steps).all():
            raise SourceError(
                f"Expected {where} to be finite in single precision, but it holds NaN, infinities or numbers beyond 3.4e38."
            )
        self.dimension = steps.shape[1]

    def _flush(self) -> None:
        offsets = np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64)
        empty = np.zeros((0, self.dimension), np.float32)
        values = np.concatenate(self._waiting) if self._waiting else empty
        file = f"{self._name}-{len(self._parts):05d}.safetensors"
        arrays = {"offsets": offsets, "values": values}
        if self._timed:
            arrays["times"] = np.concatenate(self._times).astype(np.float32)
        write_tensors(self._folder / file, arrays)
        clips, steps = len(self._lengths), int(offsets[-1])
        self._parts.append(StorePart(file, clips, steps, file_sha256(self._folder / file)))
        self._waiting, self._lengths, self._times, self._bytes, self._timed = [], [], [], 0, False


def _check_row(row: ClipRow, description: StoreDescription) -> None:
    if not row.clip:
        raise SourceError("Expected every clip to have an id, but got an empty one.")
    if row.split and row.split not in SPLITS:
        raise SourceError(
            f"Expected the split of clip {row.clip!r} to be one of {', '.join(SPLITS)}, but got {row.split!r}."
        )
    emotions = description.emotions
    if len(row.shares) not in (0, len(emotions)):
        raise SourceError(f"Expected {len(emotions)} labels for clip {row.clip!r}, but got {len(row.shares)}.")
    _check_shares(row, emotions, row.shares)
    for modality, shares in row.modality_shares.items():
        if modality not in description.modalities:
            raise SourceError(
                f"Expected labels of a modality out of {', '.join(description.modalities)}, but clip {row.clip!r} has labels "
                f"of {modality!r} (columns such as {emotions[0] if emotions else 'joy'}{OF_MODALITY}{modality})"
                f"{near(modality, description.modalities)}; rename or remove these columns."
            )
        if len(shares) != len(emotions):
            raise SourceError(
                f"Expected {len(emotions)} labels of {modality} for clip {row.clip!r}, but got {len(shares)}."
            )
        _check_shares(row, [f"{emotion}{OF_MODALITY}{modality}" for emotion in emotions], shares)
    if any(not name.startswith("_") for name in row.carried):
        raise SourceError(
            f"Expected carried columns of clip {row.clip!r} to begin with '_', but got {sorted(row.carried)}."
        )


def _check_shares(row: ClipRow, names: Sequence[str], shares: Sequence[float | None]) -> None:
    for name, share in zip(names, shares, strict=False):
        if share is not None and not np.isnan(share) and not 0 <= share <= 1:
            raise SourceError(
                f"Expected the label {name!r} of clip {row.clip!r} to lie in [0, 1] or be empty, but got {share:g}."
            )


def _check_description(description: StoreDescription) -> None:
    names = description.emotions
    if (not names and not description.unlabelled) or len(set(names)) != len(names):
        raise SourceError(f"Expected at least one emotion and each once, but got {', '.join(names) or 'none'}.")
    alike = Counter(name.strip().casefold() for name in names)
    if twice := [name for name in names if alike[name.strip().casefold()] > 1]:
        raise SourceError(
            f"Expected emotions that differ in more than the case of letters, but got {', '.join(map(repr, twice))}; "
            "join these columns, or rename one."
        )
    if broken := [name for name in names if not name.isprintable()]:
        raise SourceError(
            f"Expected emotion names without line breaks and control characters, but got {', '.join(map(repr, broken))}; "
            "rename the columns."
        )
    wrong = [n for n in names if not n or n.startswith("_") or n in FIXED_COLUMNS or OF_MODALITY in n]
    if wrong:
        raise SourceError(
            f"Expected emotion names other than {', '.join(map(repr, wrong))}, which have another meaning."
        )
    if not 0 < description.present_at <= 1:
        raise SourceError(f"Expected {parameter('present_at')} to lie in (0, 1], but got {description.present_at:g}.")
    odd = [
        name for name in description.modalities if not name or not name.replace("_", "a").replace("-", "a").isalnum()
    ]
    if odd:
        raise SourceError(
            f"Expected modality names of letters, digits, '_' and '-', but got {', '.join(map(repr, odd))}."
        )
