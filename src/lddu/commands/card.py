"""`lddu card`: the model card of a run, as Markdown."""

from pathlib import Path
from typing import Annotated

from lddu.commands.options import Flag, Output

EXAMPLES = """Example:
  lddu card run --out card.md"""


def card(
    run: str = "default",
    /,
    *,
    out: Annotated[Path | None, Output] = None,
    force: Annotated[bool, Flag, Output] = False,
) -> None:
    """Print the model card of a run: what it is for and not for, what it learnt from, its figures, and their limits.

    Parameters
    ----------
    run
        Run folder; without one, the default.
    out
        Write it into this file instead.
    force
        Replace an existing file.
    """
    from lddu.commands.screen import notes, results
    from lddu.errors import ConfigError, RunError, parameter
    from lddu.machine.atomic import refuse_unwritable, write_text
    from lddu.pages.card import model_card
    from lddu.runs.named_runs import opened_run

    if out is None and force:
        raise ConfigError("Expected --force together with --out, whose file it replaces, but got it alone.")
    if out is not None and out.exists() and not force:
        raise RunError(
            f"Expected {parameter('out')} to be free, but {out} exists; choose another or add {parameter('force', True)}."
        )
    if out is not None:
        refuse_unwritable(out)
    written = model_card(opened_run(run))
    if out is None:
        results().file.write(written)
    else:
        write_text(out, written)
        notes().print(f"card: {out}", markup=False, soft_wrap=True)
