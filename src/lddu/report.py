"""The page of a run."""

from lddu.run_folder import RunFolder


def write_report(folder: RunFolder) -> None:
    """X"""
