"""Pure policy: plain values in, decisions out. No clock, no file, no network, no database."""
