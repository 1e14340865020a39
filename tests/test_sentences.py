"""Parts of sentences."""

from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from lddu.sentences import short_paths


@given(st.sets(st.text("ab/", min_size=1, max_size=7).map(lambda text: str(PurePath(text)))))
def test_a_file_is_called_by_its_shortest_end_that_no_other_has(files: set[str]) -> None:
    names = short_paths(files)
    assert set(names) == files and len(set(names.values())) == len(files)
    for file, name in names.items():
        end, others = PurePath(name).parts, [PurePath(other).parts for other in files - {file}]
        assert PurePath(file).parts[-len(end) :] == end
        assert len(end) < 2 or any(other[1 - len(end) :] == end[1:] for other in others)
