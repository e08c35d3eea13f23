"""`python -m preround` is `preround`."""

from preround.cli import main

if __name__ == "__main__":
    main()
