"""Answers on clips in the formats of other tools: subtitles, ELAN, Praat, BORIS, tables of events and of numbers."""
