"""Hostile input, files, secrets and answers: what SECURITY.md states, tried."""
