"""What the engine remembers, in arrays of bounded size."""
