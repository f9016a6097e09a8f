"""The compiled engine: what is remembered, who proposes items, and how they are ranked."""
