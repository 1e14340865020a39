"""Words: transcripts, speech recognition, text features."""
