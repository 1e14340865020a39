"""`lddu` and `python -m lddu` are the command line."""

import sys


def main() -> None:
    """Run it; a Ctrl-C while it is still being loaded ends as quietly as one later."""
    try:
        from lddu.commands.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
