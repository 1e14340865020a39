"""Values read back from a run folder: rounding is forgiven, damage is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lddu.decide.reading import number
from lddu.errors import RunError


@given(st.floats(0, 1), st.floats(-5e-10, 5e-10))
def test_what_rounding_puts_past_an_end_is_that_end(value: float, off: float) -> None:
    assert 0 <= number(value + off, "f1", 0, 1) <= 1


@pytest.mark.parametrize("value", [1.001, -0.001, float("nan"), float("inf"), True, "1"])
def test_what_rounding_cannot_explain_is_damage(value: object) -> None:
    with pytest.raises(RunError, match="Expected f1 to be a number from 0 to 1"):
        number(value, "f1", 0, 1)
