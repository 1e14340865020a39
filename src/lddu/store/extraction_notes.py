"""What extraction notes of a clip beside its features: why a modality is missing, and what a reader should know else."""

from collections.abc import Mapping
from enum import Enum

from lddu.sentences import counted

UNTOLD, UNHEARD, WORDLESS = "no transcript", "no words recognised", "no words in this part"
EMPTY_TRANSCRIPT = "no words in its transcript"
UNKNOWN_WORDS = "no word that the language model knows"
SEVERAL = "transcripts in several languages, of which none is named like the file alone"
NO_SOUND, MUTE, UNDECODED_SOUND = "no audio track", "only digital silence", "no sound can be decoded"
NO_PICTURE, FACELESS, UNDECODED_PICTURES = "no video track", "no face in any picture", "no picture can be decoded"
NEXT_TO_SILENCE = "its sound is next to silence, nowhere above -60 dB of full scale: it may hold no voice"
HARDLY_VOICED = "hardly any of its sound is voiced: it may hold no voice"
SILENT_PART = "only silence, beside what is loud in its file"
WORDS_ALONE = "words alone"
WHOSE_FACE, WHOSE_VOICE = "whose face is not known", "whose words and voice are not known"
NO_TURN = "no sound that is theirs alone"
NO_TABLE = "no table of {tool}"
UNKNOWN_CODEC = "the {kind} track has an unknown codec"

_TABLELESS = NO_TABLE.format(tool="")
_REASONS = {
    "text": (UNTOLD, UNHEARD, WORDLESS, EMPTY_TRANSCRIPT, SEVERAL, UNKNOWN_WORDS, WHOSE_VOICE),
    "audio": (
        WORDS_ALONE,
        NO_SOUND,
        MUTE,
        SILENT_PART,
        NEXT_TO_SILENCE,
        UNDECODED_SOUND,
        UNKNOWN_CODEC.format(kind="audio"),
        NO_TURN,
        WHOSE_VOICE,
    ),
    "visual": (WORDS_ALONE, NO_PICTURE, FACELESS, UNDECODED_PICTURES, UNKNOWN_CODEC.format(kind="video"), WHOSE_FACE),
}


class Mend(Enum):
    """What is mended in a transcript, and the note on a number of cues, words, or lines."""

    EMPTY = "{n}: no text, left out"
    NEGATIVE = "{n}: beginning before the file, taken from 0 s on"
    OUTSIDE = "{n}: outside the file, left out"
    OVERHANG = "{n}: lasting beyond the file, cut off at its end"
    ODD = "{n}: impossible times, put between the neighbours"
    ODD_LEFT_OUT = "{n}: impossible times, left out"
    OPEN = "{n}: no end, taken to last until all is said or the next begins"
    OVERLAP = "{n}: still shown when the next begins, words put before that"
    SHOWN_AGAIN = "{n}: words of the one before shown again, taken once"
    TWICE = "{n}: given twice, taken once"
    GUESSED = "{n}: no times, put between the neighbours"
    DAMAGED = "{n}: not understood, left out"
    MILLISECONDS = "{n}: times taken for milliseconds"
    FRAMES = "{n}: times counted in pictures, taken for 25 a second or the next usual rate"


def mended(mends: Mapping[Mend, int], what: str) -> tuple[str, ...]:
    """Notes on a transcript.

    Args:
        mends: how often each was done.
        what: the thing that was mended, in the singular: "cue", "word" or "line".
    """
    return tuple(
        f"transcript: {mend.value.format(n=f'{count} {what}' if count == 1 else f'{count} {what}s')}"
        for mend, count in sorted(mends.items(), key=lambda pair: list(Mend).index(pair[0]))
        if count
    )


def clip_begins_before(start: float) -> str:
    """Of a clip whose manifest puts its beginning before that of its file; seconds."""
    return f"begins with its file at 0 s, not at {start:g} s"


def clip_left_out(clip: str, why: str) -> str:
    """Of another clip of the same file that could not be taken."""
    return f"clip {clip!r} of this file was left out: {why}"


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
    return f"{counted(packets, 'damaged packet')} of {what} left out"


def joined(joints: int) -> str:
    """Of a file whose time stamps begin anew."""
    return f"its time stamps begin anew or jump {counted(joints, 'time')}: its parts were read as one clip"


def unread(share: float) -> str:
    """Of a file behind whose end another file begins; share of its bytes."""
    return (
        f"only its first part was read: the last {100 * share:.0f} % of its bytes are another file, put behind it "
        "(join files with ffmpeg, not end to end)"
    )


def unused_tracks(count: int, kind: str) -> str:
    """Of a file with more tracks of a kind than the one that is read."""
    return f"{counted(count, f'further {kind} track')} left out: the default one was read"


def subtitles(count: int) -> str:
    """Of a file without a transcript that holds tracks of subtitles."""
    return (
        f"{counted(count, 'track')} of subtitles inside the file not read: save one beside it as .srt "
        "(ffmpeg -i FILE NAME.srt)"
    )  # fmt: skip


def unknown_words(count: int, words: int, example: str) -> str:
    """Of words that the language model cannot read, among others that it can."""
    return f"the language model does not know {count} of its {words:,} words, such as {_shown(example)!r}: it sees only that they are there"


def unsaid_words(example: str) -> str:
    """Of words in square brackets, which mostly name a sound, in a text without times."""
    return f"words in brackets, such as {_shown(example)!r}, were read as if they were said: leave out what nobody says"


SIGNS_ALONE = "its words hold no letter and no digit: signs alone say little of an emotion"
"""Of a clip whose words are punctuation."""


def markup(example: str) -> str:
    """Of HTML in a text, as pages and programs that collect comments leave it."""
    return f"HTML, such as {_shown(example)!r}, was read as if it were said: write the signs that it stands for"


def _shown(example: str) -> str:
    return example if len(example) <= _LONGEST_EXAMPLE else f"{example[:_LONGEST_EXAMPLE]}..."


_LONGEST_EXAMPLE = 30


def unread_end(read: int, words: int) -> str:
    """Of a text that is longer than a run looks."""
    return (
        f"only its first {read:,} of {words:,} words were read: the run looks no further (model.max_steps); "
        "ask line by line, or about its parts"
    )  # fmt: skip


def unread_beside(name: str) -> str:
    """Of a file without a transcript beside which lies one of a kind that is not read."""
    return f"{name} beside it is of a kind that is not read: save it as .srt"


def one_channel(cancelled: float, channel: int) -> str:
    """Of sound whose channels cancel each other; seconds, and the channel that was read instead of their mix, from 0."""
    return (
        f"its channels cancel each other for {cancelled:.0f} s (opposite phase): "
        f"channel {channel + 1} alone was read"
    )  # fmt: skip


def cancelled(seconds: float) -> str:
    """Of sound whose channels cancel each other in a small part."""
    return f"its channels cancel each other for {seconds:.0f} s (opposite phase), where little of the voice is left"


def brief_voice(seconds: float) -> str:
    """Of a clip whose sound, but for the silence at its ends, is shorter than any voice that encoders were tried on."""
    return f"only {seconds:.2f} s of its sound is not silence: too little to tell how somebody speaks"


def beside_zero(offset: float) -> str:
    """Of sound whose mean is not zero; share of full scale."""
    percent = 100 * abs(offset)
    return f"its sound lies {percent:{'.0f' if percent >= 1 else '.1g'}} % of full scale beside zero (DC offset), which was taken off"


STANDS_STILL = "the time stamps of its sound stand still: the sound was read end to end without them"


def beyond_full_scale(scale: float) -> str:
    """Of a file of floats whose sound is far louder than full scale; what full scale was taken for."""
    return f"its samples go up to {scale:g} times full scale, and were divided by that"


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


def brief_faces(count: int) -> str:
    """Of faces that are seen for less than half a second."""
    return f"{counted(count, 'face')} seen for less than half a second left out"


def crowded(pictures: int, most: int) -> str:
    """Of pictures with as many faces as are followed at once."""
    return f"{most} faces or more in {counted(pictures, 'picture')}: no more are followed at once"


def several_faces(share: float) -> str:
    """Of a film with more than one face in a share of its pictures, of which one is followed."""
    return (
        f"several faces in {100 * share:.0f} % of its pictures: the large one whose mouth moves was followed "
        "(each can be answered per person)"
    )  # fmt: skip


_TURNING_BACK = {90: "transpose=cclock", 180: "hflip,vflip", 270: "transpose=clock"}


def turned(degrees: int) -> str:
    """Of pictures in which faces look upright only after turning them back; degrees clockwise, of `_TURNING_BACK`."""
    return (
        f"its pictures seem to be turned by {degrees} degrees clockwise, where faces are read wrongly: turn them back "
        f"(ffmpeg -i FILE -vf {_TURNING_BACK[degrees]} NEW)"
    )  # fmt: skip


def lying(degrees: float) -> str:
    """Of a face that lies on its side."""
    return f"its face is tilted by {abs(degrees):.0f} degrees, in which expressions are read badly: turn the picture upright"


def faces_of_photo(faces: int, across: float) -> str:
    """Of a photo with several faces; and where the one that is answered is, as a share of the width."""
    where = "at the left" if across < 1 / 3 else "in the middle" if across < 2 / 3 else "at the right"
    return f"{faces} faces seen in the photo: the largest, {where}, was read (each can be answered per person)"


def speakerless(seconds: float, length: float) -> str:
    """Of a file whose transcript names speakers, the time in which none of them speaks."""
    return f"{seconds:.1f} of {length:.1f} s without a known speaker"


def speakerless_words(count: int, words: int) -> str:
    """Of words for which a transcript that names speakers names none."""
    return f"{count} of {counted(words, 'word')} without a speaker"


def together(seconds: float) -> str:
    """Of sound in which several people speak at once."""
    return f"several people speak at once for {seconds:.1f} s, which is left out of their voices"


UNKNOWN = "unknown"
"""The person who says what nobody is known to have said; it may be several people."""

UNNAMED_SPEAKERS = f"no speaker is named: words and voice are those of {UNKNOWN!r}, who may be several people"
UNTIMED_SPEAKERS = "its transcript names several speakers but no times: their words are known, their voices are not"
FACES_OF_TABLE = "its table holds several faces, which are not told apart: faces are left out"


FACES_NUMBERED = "faces are numbered in the order in which they appear, in one picture from left to right"


def faces_apart(faces: int) -> str:
    """Of faces that could not be joined to speakers."""
    if faces == 1:
        return "1 face is a person of its own, since nothing says whose it is"
    return f"{faces} faces are people of their own, since nothing says which speaker has which"
