"""One module per agent: gather the facts, ask policy for decisions, act on them."""
