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


def joined(joints: int) -> str:
    """Of a file whose time stamps begin anew."""
    return (
        f"its time stamps begin anew or jump {joints} time{'s' if joints > 1 else ''}: its parts were read as one clip"
    )


def unread(share: float) -> str:
    """Of a file behind whose end another file begins; share of its bytes."""
    return (
        f"only its first part was read: the last {100 * share:.0f} % of its bytes are another file, put behind it "
        "(join files with ffmpeg, not end to end)"
    )


def unused_tracks(count: int, kind: str) -> str:
    """Of a file with more tracks of a kind than the one that is read."""
    return f"{count} further {kind} track{'s' if count > 1 else ''} left out: the default one was read"


def one_channel(cancelled: float, channel: int) -> str:
    """Of sound whose channels cancel each other; seconds, and the channel that was read instead of their mix, from 0."""
    return (
        f"its channels cancel each other for {cancelled:.0f} s (opposite phase): "
        f"channel {channel + 1} alone was read"
    )  # fmt: skip


def cancelled(seconds: float) -> str:
    """Of sound whose channels cancel each other in a small part."""
    return f"its channels cancel each other for {seconds:.0f} s (opposite phase), where little of the voice is left"


TILTED = "its pictures ask to be turned by an angle that is no quarter turn: the nearest quarter was taken"


def table_ends(described: int, pictures: int) -> str:
    """Of a table of action units that leaves out pictures at the end."""
    return f"its table of action units ends at picture {described} of {pictures}"


def table_times(described: int, pictures: int) -> str:
    """Of a table of action units that was made of a copy with another rate of pictures."""
    return (
        f"its table of action units counts {described} pictures, the file {pictures}: "
        "the table's own times were used, not its numbers"
    )  # fmt: skip
