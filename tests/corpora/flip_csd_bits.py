"""Import a folder of `.csd` files 200 times, each time with one bit changed; prints how many times it came back."""

import sys
from pathlib import Path

import numpy as np

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.errors import LdduError


def main(root: Path) -> None:
    """Change one bit at a time of the voice's file."""
    source = root / "mosei" / "CMU_MOSEI_COVAREP.csd"
    whole = source.read_bytes()
    rng = np.random.default_rng(0)
    done = 0
    for at in np.sort(rng.choice(len(whole), 200, replace=False)):
        changed = bytearray(whole)
        changed[at] ^= 1 << int(rng.integers(8))
        source.write_bytes(changed)
        options = ImportOptions(force=True, extra={"folds": root / "f.json"})
        try:
            import_corpus(root / "mosei", root / "store", options=options)
        except LdduError as fault:
            assert "Expected" in str(fault)
        done += 1
    sys.stdout.write(f"{done} flips\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
