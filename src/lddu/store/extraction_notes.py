"""What extraction notes of a clip beside its features: why a modality is missing, and what a reader should know else."""

UNTOLD, UNHEARD, WORDLESS = "no transcript", "no words recognised", "no words in this part"
SEVERAL = "transcripts in several languages, of which none is named like the file alone"
NO_SOUND, MUTE, UNDECODED_SOUND = "no audio track", "only digital silence", "no sound can be decoded"
NO_PICTURE, FACELESS, UNDECODED_PICTURES = "no video track", "no face in any picture", "no picture can be decoded"
NO_TABLE = "no table of {tool}"
UNKNOWN_CODEC = "the {kind} track has an unknown codec"

_TABLELESS = NO_TABLE.format(tool="")
_REASONS = {
    "text": (UNTOLD, UNHEARD, WORDLESS, SEVERAL),
    "audio": (NO_SOUND, MUTE, UNDECODED_SOUND, UNKNOWN_CODEC.format(kind="audio")),
    "visual": (NO_PICTURE, FACELESS, UNDECODED_PICTURES, UNKNOWN_CODEC.format(kind="video")),
}


def explains(note: str, modality: str) -> bool:
    """Whether the note says why a clip lacks the modality."""
    return note in _REASONS.get(modality, ()) or (modality == "visual" and note.startswith(_TABLELESS))


def explains_any(note: str) -> bool:
    """Whether the note says why a clip lacks some modality; what else is noted concerns the clip as a whole."""
    return any(explains(note, modality) for modality in _REASONS)


def cut_short(promised: float, reached: float) -> str:
    """Of a file that ends before its header says; seconds."""
    return f"its header promises {promised:.1f} s, but it ends at {reached:.1f} s: it may be cut short"


def damaged(packets: int, what: str) -> str:
    """Of packets of sound or pictures that could not be decoded."""
    return f"{packets} damaged packets of {what} were left out"
