"""lddu: which emotions a clip shows, several at once, from text, voice and face, with honest uncertainty."""

__version__ = "0.1.0"
