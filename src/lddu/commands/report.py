"""`lddu report`: the page of a run, written again."""

from pathlib import Path

EXAMPLES = """Example:
  lddu report run"""


def report(run: Path, /) -> None:
    """Show the figures of a run and write its report page again.

    Parameters
    ----------
    run
        Run folder.
    """
    from lddu.commands.figures import show_run
    from lddu.pages.report import write_report
    from lddu.runs.run_folder import RunFolder

    folder = RunFolder(run)
    write_report(folder)
    show_run(folder)
