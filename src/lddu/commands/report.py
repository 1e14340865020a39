"""`lddu report`: the page of a run, written again."""

from pathlib import Path

EXAMPLES = """Example:
  lddu report run"""


def report(run: str | Path, /) -> None:
    """Show the figures of a run and write its report page again; of a .zip and of "default" the figures alone.

    Parameters
    ----------
    run
        Run folder, a .zip of one, or "default".
    """
    from lddu.commands.figures import show_run
    from lddu.pages.report import write_report
    from lddu.runs.named_runs import opened_run

    folder = opened_run(run)
    if not folder.read_only:
        write_report(folder)
    show_run(folder)
