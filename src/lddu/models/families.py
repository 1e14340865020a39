"""The table of model families, and how a family is found by its name.

A family is one file and one line here. Another package registers its own with the entry point group `lddu.families`; in
Python a `Family` can also be given as it is, see docs/own_model.md.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from lddu.config import NOTHING_OPEN, Config, ResolvedConfig, laid_over, near
from lddu.errors import ConfigError, PackageError
from lddu.models.family import Family, FamilyLike

FAMILIES = {
    "lddu": "lddu.models.lddu.family:LDDU_FAMILY",
    "late-fusion": "lddu.models.late_fusion:LATE_FUSION",
    "beta": "lddu.models.beta:BETA",
    "ef-lstm": "lddu.models.peers.ef_lstm:EF_LSTM",
    "tfn": "lddu.models.peers.tfn:TFN",
    "lmf": "lddu.models.peers.lmf:LMF",
    "mult": "lddu.models.peers.mult:MULT",
    "misa": "lddu.models.peers.misa:MISA",
    "tailor": "lddu.models.peers.tailor:TAILOR",
    "univa": "lddu.models.peers.univa:UNIVA",
    "carat": "lddu.models.peers.carat:CARAT",
    "mms2s": "lddu.models.peers.mms2s:MMS2S",
}
"""Name -> module and attribute of the family; imported on first use."""

GROUP = "lddu.families"
"""Entry points through which other packages register families."""


def registered() -> dict[str, str]:
    """Name -> place of every family with a name, those of other packages after our own."""
    from importlib.metadata import entry_points  # a fifth of the time of `lddu --help`

    return FAMILIES | {entry.name: entry.value for entry in entry_points(group=GROUP) if entry.name not in FAMILIES}


def family_of(family: FamilyLike) -> Family:
    """The family of that name, or the one that is given.

    Raises:
        ConfigError: where no family of that name is registered, or its entry point is none.
        PackageError: where the package that registered it cannot be imported.
    """
    if isinstance(family, Family):
        return family
    places = FAMILIES if family in FAMILIES else registered()
    if family not in places:
        raise ConfigError(
            f"Expected a model family out of {', '.join(places)}, but got {family!r}{near(family, places)}; one of your "
            "own is given in Python or registered as an entry point (docs/own_model.md)."
        )
    module, _, attribute = places[family].partition(":")
    try:
        loaded = getattr(importlib.import_module(module), attribute, None)
    except ImportError as fault:
        raise PackageError(
            f"Expected the model family {family!r} in {module}, but it cannot be imported ({fault}); install its package."
        ) from None
    if not isinstance(loaded, Family) or loaded.name != family:
        raise ConfigError(
            f"Expected {places[family]} to be the model family {family!r}, but it is {loaded!r}; name a lddu.Family of that name."
        )
    return loaded


def preset(name: str = "default", overrides: Mapping[str, Any] | None = None, family: FamilyLike = "lddu") -> Config:
    """The preset of a model family with overrides laid over it.

    Args:
        name: of the preset: ``default``; LDDU also has ``paper``.
        overrides: nested mapping such as ``{"training": {"epochs": 5}}``; a ``preset`` or ``family`` in it is taken instead.
        family: whose preset.

    Raises:
        ConfigError: naming every unknown setting and every impossible value at once.
    """
    overrides = dict(overrides or {})
    chosen = family_of(overrides.pop("family", family))
    return laid_over(chosen.preset(str(overrides.pop("preset", name))), overrides)


def recorded(settings: Mapping[str, Any], family: Family) -> ResolvedConfig:
    """The config of a run folder, whatever version wrote it.

    A run names every setting that its version had. One that came later had no effect then: it stands where the family's
    oldest preset has it, never where today's preset of that name does.

    Args:
        settings: as `Config.to_mapping` gives them.
        family: of the run.

    Raises:
        ConfigError: as `preset`, or where a setting is still ``"auto"``, or the run has a part that this version cannot read.
    """
    family.preset(settings["preset"])
    settings = _without_kernel_path(settings)
    oldest = next(iter(family.presets.values()))
    config = laid_over(oldest, {"family": family.name, **settings})
    open_ = [f"{part}.{name}" for part, section in config.to_mapping().items() if isinstance(section, dict)
             for name, value in section.items() if value == "auto"]  # fmt: skip
    if open_:
        raise ConfigError(f"Expected a number for {', '.join(open_)} in the config of a run, but got 'auto'.")
    return config.fitted_to(NOTHING_OPEN)


def _without_kernel_path(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without the landmarks that runs of earlier versions name, and hardly any had."""
    section = settings.get("model")
    if not isinstance(section, Mapping):  # is refused with the other faults
        return dict(settings)
    model = dict(section)
    if model.pop("path_landmarks", 0):
        raise ConfigError(
            "Expected a run without a kernel path beside its network, but model.path_landmarks is set, which this version no "
            "longer reads; train it again, where model.shallow_networks does the same work better."
        )
    return {**settings, "model": model}
