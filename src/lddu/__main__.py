"""`python -m lddu` is the command line."""

from lddu.cli import main

main()
