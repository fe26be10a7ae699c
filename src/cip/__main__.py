"""`python -m cip` is `cip`."""

from cip.faces.cli.main import main

main()
