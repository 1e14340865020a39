"""Whether words are written in a language that a run learnt to read; told by py3langid, without any network access.

It adds up log-likelihoods, so that a sentence in another language is far from the learnt ones. Measured on texts of five words or more: one of the
first 6,000 of GoEmotions and one of XED are 20 nats or more from English, both hardly in English; sentences of seven to twelve words in ten other
languages 84 to 200.
"""

from collections.abc import Sequence

CODES = {
    "Czech": "cs", "Danish": "da", "Dutch": "nl", "English": "en", "Finnish": "fi", "French": "fr", "German": "de", "Hungarian": "hu",
    "Indonesian": "id", "Italian": "it", "Norwegian": "no", "Polish": "pl", "Portuguese": "pt", "Romanian": "ro", "Spanish": "es",
    "Swedish": "sv", "Turkish": "tr", "Vietnamese": "vi",
}  # fmt: skip
"""Languages in Latin letters that a run can say it learnt -> their ISO 639-1 codes."""

_FEWEST_WORDS = 5
"""Shorter texts say too little."""
_FAR = 20.0
"""Nats from the nearest learnt language to the likeliest one."""
_LETTERS_LOOKED_AT = 1000


def foreign(text: str, languages: Sequence[str]) -> bool:
    """Whether a text of some length is in none of the languages.

    Args:
        text: in Latin letters.
        languages: one or more of `CODES`.

    Example:
        >>> foreign("Es tut mir leid, das wollte ich nicht.", ["English"])
        True
        >>> foreign("Es tut mir leid, das wollte ich nicht.", ["English", "German"]), foreign("Wunderbar!", ["English"])
        (False, False)
    """
    if len(text.split()) < _FEWEST_WORDS:
        return False
    from py3langid import rank  # most of a second to load, for runs that say what they learnt

    likelihood = dict(rank(text[:_LETTERS_LOOKED_AT]))
    return bool(max(likelihood.values()) - max(likelihood[CODES[name]] for name in languages) > _FAR)
