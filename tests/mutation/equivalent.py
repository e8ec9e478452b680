"""Mutants that no test can tell from the code: (module, the line's text, the change) and why it cannot matter."""

EQUIVALENT: dict[tuple[str, str, str], str] = {
}
