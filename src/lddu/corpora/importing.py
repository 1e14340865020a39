"""Any supported corpus to a store: the format is recognised from its files, or named.

To add a format, write its module with a `CorpusFormat` and list it in `FORMATS`.
"""

from pathlib import Path

from lddu.argument_types import refuse_other_class
from lddu.corpora.corpus_format import CorpusFormat, ImportOptions
from lddu.corpora.m3ed.m3ed import M3ED
from lddu.corpora.mosei.csd import MOSEI_CSD
from lddu.corpora.mosei.mmsa import MMSA
from lddu.corpora.mosei.tailor import TAILOR
from lddu.corpora.table.table_format import TABLE
from lddu.errors import ConfigError, SourceError, parameter
from lddu.store.store import FeatureStore
from lddu.store.writer import refuse_existing

FORMATS: tuple[CorpusFormat, ...] = (TABLE, MOSEI_CSD, MMSA, TAILOR, M3ED)
"""Every format, in the order in which they are described to users."""

SHOWN_NAMES = 5
"""How many names of a folder a message shows."""

TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".parquet", ".xlsx", ".xls", ".ods", ".jsonl", ".feather"))
"""Of tables as people keep them."""

LOOKED_AT = 100
"""Of how many entries a folder is searched for a corpus."""


def import_corpus(
    source: str | Path, out: str | Path, format: str | None = None, options: ImportOptions | None = None
) -> FeatureStore:
    """Write the corpus at `source` to a new store at `out`; all or nothing.

    Args:
        source: folder or file of a supported format.
        out: where the store goes; refused where something exists, unless ``options.force``.
        format: name of the format; recognised from the files where it is None.
        options: see `ImportOptions`.

    Raises:
        SourceError: where the corpus cannot be understood or trusted; nothing is written.
        ConfigError: where an option has a value that it cannot take.
        StoreError: where `out` is taken.
    """
    refuse_other_class("options", options, ImportOptions)
    options = options or ImportOptions()
    chosen = format_of(source, format)
    foreign = sorted(set(options.extra) - chosen.extra_options)
    if foreign:
        known = ", ".join(map(parameter, sorted(chosen.extra_options))) or "no further options"
        raise ConfigError(
            f"Expected {known} for the format {chosen.name!r}, "
            f"but got {', '.join(map(parameter, foreign))}; leave it out or name another {parameter('format')}."
        )
    if not 0 < options.present_at <= 1:
        raise ConfigError(f"Expected {parameter('present_at')} to lie in (0, 1], but got {options.present_at:g}.")
    refuse_existing(Path(out), options.force)
    chosen.write(Path(source), Path(out), options)
    return FeatureStore(out)


def format_of(source: str | Path, name: str | None = None) -> CorpusFormat:
    """The format of a corpus: the named one, or the one that recognises it.

    Raises:
        SourceError: where nothing is at `source`, the name is unknown, or not exactly one format recognises it.
    """
    path = Path(source)
    if not path.exists():
        raise SourceError(f"Expected a corpus at {path}, but nothing is there; check the path.")
    if name is not None:
        return _named(name)
    if (path / "manifest.json").is_file():
        raise SourceError(f"Expected a corpus to import, but {path} is a feature store already; use it as it is.")
    matches = [entry for entry in FORMATS if entry.recognises(path)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = " or ".join(entry.name for entry in matches)
        raise SourceError(
            f"Expected {path} to be of one format, but it looks like {names}; say which with {parameter('format')}."
        )
    inside = _corpus_inside(path)
    if inside is not None:
        raise SourceError(f"Expected a corpus at {path}, but it is a folder that holds one; name {inside} instead.")
    table = _table_at(path)
    if table is not None:
        raise SourceError(
            f"Expected the table of a corpus as clips.csv, .tsv or .parquet, in a folder with its arrays, but got {table}; save it "
            "there under that name. A table that names clips or holds their words is for 'lddu extract'."
        )
    raise SourceError(
        f"Expected {path} to be {' or '.join(entry.looks_like for entry in FORMATS)}, but {_what_is_there(path)}."
    )


def _named(name: str) -> CorpusFormat:
    for entry in FORMATS:
        if entry.name == name:
            return entry
    raise SourceError(
        f"Expected {parameter('format')} to be one of {', '.join(e.name for e in FORMATS)}, but got {name!r}."
    )


def _corpus_inside(path: Path) -> Path | None:
    """The one entry of a folder that is a corpus by itself; None where there is none, or more than one."""
    if not path.is_dir():
        return None
    corpora = [
        child for child in sorted(path.iterdir())[:LOOKED_AT] if any(entry.recognises(child) for entry in FORMATS)
    ]
    return corpora[0] if len(corpora) == 1 else None


def _table_at(path: Path) -> Path | None:
    """The table that is meant: the file itself, or the only one of the folder; None where there is no single one."""
    tables = [path] if path.is_file() else [child for child in sorted(path.iterdir())[:LOOKED_AT] if child.is_file()]
    tables = [table for table in tables if table.suffix.lower() in TABLE_SUFFIXES]
    return tables[0] if len(tables) == 1 else None


def _what_is_there(path: Path) -> str:
    if path.is_file():
        return "it is another kind of file"
    names = sorted(entry.name for entry in path.iterdir())
    if not names:
        return "it is an empty folder"
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"it holds {', '.join(names[:SHOWN_NAMES])}{more}"
