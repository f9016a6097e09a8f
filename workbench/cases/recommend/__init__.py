"""Recommendations in a shop."""
