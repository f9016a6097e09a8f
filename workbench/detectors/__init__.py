"""Feature encodings, River's estimators and their snapshots, behind one small protocol."""
