"""`lddu` and `python -m lddu` are the command line."""

import os
import sys


def main() -> None:
    """Run it; a Ctrl-C while it is still being loaded ends as quietly as one later.

    Threads of PyTorch sleep while they wait for each other, unless the environment says otherwise: by default they spin, which takes
    up to twice the time of a training step where they share the processor (docs/speed.md).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read once, when PyTorch is loaded
    try:
        from lddu.commands.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
