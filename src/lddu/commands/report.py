"""`lddu report`: the page of a run, written again."""

from pathlib import Path


def report(run: Path) -> None:
    """Write the report page of a run again, and say its figures and where the page is.

    Parameters
    ----------
    run
        Run folder.
    """
    from lddu.commands.figures import show_run
    from lddu.report import write_report
    from lddu.run_folder import RunFolder

    folder = RunFolder(run)
    write_report(folder)
    show_run(folder)
