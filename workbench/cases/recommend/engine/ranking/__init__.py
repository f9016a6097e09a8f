"""The re-ranker: features of the proposed items, scaling, weights and their gradient."""
