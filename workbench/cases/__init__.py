"""The cases: what belongs to one kind of stream, each in a folder of its own."""
