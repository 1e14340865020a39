import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lddu.commands.screen import results, table


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("[]/abxred\\", min_size=1, max_size=8))
def test_a_table_shows_names_with_brackets_as_they_are(capsys: pytest.CaptureFixture[str], name: str) -> None:
    capsys.readouterr()
    grid = table(name, "", name)
    grid.add_row(name, name)
    results().print(grid)
    assert capsys.readouterr().out.count(name) >= 4
