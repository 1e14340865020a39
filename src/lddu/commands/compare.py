"""c"""


def compare() -> None:
    """C"""
