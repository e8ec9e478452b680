"""The library that Usher's agents import. Nothing in here is ever run by itself."""

__version__ = "0.1.0"
