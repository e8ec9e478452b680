"""Usher's tests. `python3 tests` runs them all, on any machine with Python 3.10 or newer."""
