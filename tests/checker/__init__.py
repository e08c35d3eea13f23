"""A second opinion on `run --json`: it reads the raw bundle and the result, and nothing of the program that made it."""
