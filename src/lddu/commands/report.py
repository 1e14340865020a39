"""`lddu report`: the page of a run, written again."""

from pathlib import Path

EXAMPLES = """Examples:
  lddu report run
  lddu report run --by _gender      # also each subgroup of the clips"""


def report(run: str | Path, /, *, by: str = "") -> None:
    """Show the figures of a run and write its report page again; of a .zip and of "default" the figures alone.

    Parameters
    ----------
    run
        Run folder, a .zip of one, or "default".
    by
        Also measure each subgroup of the clips, and how far the best is from the worst, from the answers that the run
        keeps: a column of the store whose name begins with "_", such as _gender, or "group".
    """
    from lddu.commands.figures import show_run
    from lddu.commands.subgroups import show_subgroups
    from lddu.pages.report import write_report
    from lddu.runs.named_runs import opened_run
    from lddu.runs.subgroups import keep_subgroups

    folder = opened_run(run)
    subgroups = None
    if by:
        split = "test" if "test" in folder.metrics else "valid"
        subgroups = folder.subgroups(by, split).to_mapping()
        keep_subgroups(folder, subgroups)
    if not folder.read_only:
        write_report(folder)
    show_run(folder)
    if subgroups is not None:
        show_subgroups(subgroups)
