"""Measurements, each a program that prints its figures."""
