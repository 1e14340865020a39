"""Pickles and arrays from strangers, read as data: nothing in them runs."""
