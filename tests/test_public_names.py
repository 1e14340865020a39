"""What `import lddu` offers: light to import, documented, and what its name says."""

import subprocess
import sys
from pathlib import Path

import pytest

import lddu

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", lddu.__all__)
def test_every_public_name_is_there_and_on_the_page(name: str) -> None:
    assert getattr(lddu, name).__doc__
    assert f"`lddu.{name}`" in PAGE
    assert name in dir(lddu)


def test_train_stays_a_function_whatever_was_imported() -> None:
    """A package called lddu.train would take its place."""
    import lddu.training.run

    assert callable(lddu.train) and lddu.train is lddu.training.run.train


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trayn'"):
        lddu.trayn  # noqa: B018


def test_importing_lddu_loads_no_torch() -> None:
    code = "import sys, lddu; print({'torch', 'numpy', 'pyarrow', 'sklearn'} & set(sys.modules) or 'light')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "light"
