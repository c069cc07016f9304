"""`python -m pedigree`: the command line, by the interpreter that is running."""

from pedigree.cli import main

if __name__ == "__main__":
    main()
