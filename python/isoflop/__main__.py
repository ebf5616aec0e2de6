"""``python -m isoflop``: the command line."""

from isoflop.cli import entry

if __name__ == "__main__":
    entry()
