"""From a raw clip to time-stamped features: media, voice, face, words, and how a long video is cut."""
