"""Features: one compiled incremental kernel, and a vocabulary of declarations on it."""
