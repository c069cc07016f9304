"""The `pedigree` command, one module per subcommand."""

from pedigree.cli.app import main

__all__ = ["main"]
