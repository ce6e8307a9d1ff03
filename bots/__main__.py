"""`python -m bots` is `greenroom`."""

from bots.cli import main

if __name__ == "__main__":
    main()
