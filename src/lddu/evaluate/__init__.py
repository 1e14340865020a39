"""Decisions to numbers: standard metrics, calibration, quality of an uncertainty, differences between runs."""
