"""Artificial talking clips."""
