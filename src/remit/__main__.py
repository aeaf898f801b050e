"""The console script."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    from remit.app.cli.main import run

    run()


if __name__ == "__main__":
    main()
