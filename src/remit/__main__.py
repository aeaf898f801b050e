"""The console script."""

from __future__ import annotations

import sys

ABOVE = {"demo": "remit.demo.command"}
"""Commands of packages that stand above `app`, which names none of them."""


def main() -> None:
    """Runs the command line."""
    try:
        from remit.app.cli.main import run

        run(ABOVE)
    except KeyboardInterrupt:  # while it was still loading
        sys.exit(130)


if __name__ == "__main__":
    main()
