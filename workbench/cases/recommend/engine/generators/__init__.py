"""Generators: each proposes items from one kind of evidence."""
