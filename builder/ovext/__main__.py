"""`python -m ovext` is the command `ovext`."""

from ovext.cli.main import main

main()
