"""`lddu predict --export FILE`: checks the files before the work, and writes them after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lddu.clips.sources import Listing
    from lddu.clips.spans import Source
    from lddu.runs.explained import ClipAnswers
    from lddu.runs.predictions import Predictions


@dataclass(frozen=True)
class Exports:
    """Files for other programs.

    Attributes:
        paths: of the files, or with ``{name}`` of one file per recording.
        force: replace what is there.
    """

    paths: tuple[Path, ...] = ()
    force: bool = False

    def check(self, inputs: "Sequence[str] | Listing", raw: bool) -> None:
        """Refuse what could not be written.

        Args:
            inputs: what is predicted, or its listing.
            raw: whether that is clips, not a store.

        Raises:
            ConfigError: where a format does not fit what is predicted, or a file is named twice or is an input.
            MismatchError: where a format needs times in recordings, and there is none.
            RunError: where the place is taken.
        """
        from lddu.clips.sources import Listing, listing_of
        from lddu.errors import ConfigError
        from lddu.exports.formats import format_of
        from lddu.exports.writing import check_export

        if not self.paths:
            return
        words = [] if isinstance(inputs, Listing) else list(inputs)
        listing = inputs if isinstance(inputs, Listing) else listing_of(words) if raw and "-" not in words else None
        sources = listing.sources if listing else ()
        named = {Path(name).absolute() for name in [*words, *(source.file for source in sources if source.file)]}
        for path in self.paths:
            timed = format_of(path).timed
            media = [source.file for source in sources if not (timed and _is_words(source))] if listing else None
            check_export(path, self.force, media)
            if self.paths.count(path) > 1:
                raise ConfigError(f"Expected each --export once, but got {path} twice; leave one out.")
            if path.absolute() in named:
                raise ConfigError(
                    f"Expected --export to be a new file, but {path} is what is predicted; choose another name."
                )
            if timed and not raw:
                raise ConfigError(
                    f"Expected raw clips for {path}, which says when something happens, but got a store; predict the files "
                    "themselves, or export .csv, .long.csv, .parquet or .jsonl."
                )

    def write(self, answers: "ClipAnswers | Predictions") -> None:
        """Write the files, and say where they are and what they lack."""
        from lddu.commands.screen import notes, warn

        for path in self.paths:
            written = answers.export(path, self.force)
            warn(written.notes)
            for file in written.files:
                notes().print(f"export: {file}", markup=False, soft_wrap=True)


def _is_words(source: "Source") -> bool:
    """Whether a clip is words alone, which have no times."""
    from lddu.clips.spans import WORDS_SUFFIX

    return source.words_alone or source.path.suffix.lower() == WORDS_SUFFIX


NO_EXPORTS = Exports()
