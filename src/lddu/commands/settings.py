"""Command-line options for every setting of a config, made from the config's own dataclasses."""

from collections.abc import Callable
from dataclasses import Field, asdict, dataclass, field, fields, make_dataclass
from pathlib import Path
from types import FunctionType
from typing import Annotated, Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from cyclopts import Group, Parameter

from lddu.argument_types import alternatives
from lddu.config import Config, laid_over
from lddu.models.families import family_of
from lddu.models.lddu.settings import DEFAULT

Verb = TypeVar("Verb", bound=Callable[..., Any])


def _options(defaults: Any, title: str, place: int) -> type:
    """A dataclass of the same fields, all optional: what is not given leaves the preset alone.

    Args:
        defaults: a section of the config, with the values that the help page shows.
        title: of the options on the help page.
        place: of their panel on it.
    """
    section = type(defaults)
    hints = get_type_hints(section)
    group = Group(title, sort_key=10 + place)

    def option(f: Field[Any]) -> tuple[str, Any, Any]:
        hint = hints[f.name]
        words = f"{_sentence(f.metadata['help'])} [default: {_written(getattr(defaults, f.name))}]"
        parameter = Parameter(group=group, help=words, show_default=False, show_choices=False, metavar=_kind(hint))
        return f.name, Annotated[hint | None, parameter], field(default=None)

    options = make_dataclass(f"{section.__name__}Options", [option(f) for f in fields(section)], frozen=True)
    options.__module__ = __name__  # cyclopts takes classes of the standard library for plain values
    return options


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _written(value: Any) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value}"


def _kind(hint: Any) -> str:
    """What the option takes, as its help says it: INT, or a|b."""
    if len(kinds := alternatives(hint)) > 1:
        return "|".join(map(_kind, kinds))
    if get_origin(hint) is Literal:
        return "|".join(get_args(hint))
    return str(hint.__name__).upper()


TrainingOptions = _options(DEFAULT.training, "Training settings", 2)
DecisionOptions = _options(DEFAULT.decision, "Decision settings", 3)


@Parameter(name="*")
@dataclass(frozen=True)
class SettingOptions:
    """The options that a command line gives for each section of a config; None where it gives none.

    `model` and `objective` are LDDU's here; `options_of` makes the same class for another model family.
    """

    model: _options(DEFAULT.model, "Network settings", 0) | None = None  # type: ignore[valid-type]
    objective: _options(DEFAULT.objective, "Objective settings", 1) | None = None  # type: ignore[valid-type]
    training: TrainingOptions | None = None  # type: ignore[valid-type]
    decision: DecisionOptions | None = None  # type: ignore[valid-type]


def options_of(family: str) -> type[SettingOptions]:
    """The options of a model family that is not LDDU.

    Raises:
        ConfigError: where there is no such family.
    """
    default = family_of(family).preset()
    sections = {
        "model": _options(default.model, "Network settings", 0),
        "objective": _options(default.objective, "Objective settings", 1),
        "training": _options(default.training, "Training settings", 2),
        "decision": _options(default.decision, "Decision settings", 3),
    }
    changed = [(name, kind | None, field(default=None)) for name, kind in sections.items()]
    made: type[SettingOptions] = make_dataclass("SettingOptions", changed, bases=(SettingOptions,), frozen=True)
    made.__module__ = __name__
    return Parameter(name="*")(made)


def for_family(verb: Verb, family: str) -> Verb:
    """The same command with the options of a model family's settings."""
    same = FunctionType(verb.__code__, verb.__globals__, verb.__name__, verb.__defaults__, verb.__closure__)
    same.__kwdefaults__, same.__doc__, same.__module__ = verb.__kwdefaults__, verb.__doc__, verb.__module__
    same.__annotations__ = {**verb.__annotations__, "settings": options_of(family)}
    return cast(Verb, same)


NO_SETTINGS = SettingOptions()


def chosen_config(name: str | None, file: Path | None, options: SettingOptions, family: str | None = None) -> Config:
    """The preset, with the TOML file laid over it, with the command-line options laid over both.

    Args:
        name: of the preset; None takes the file's `preset`, or ``default``.
        file: TOML with the tables `model`, `objective`, `training`, `decision`.
        options: of the command line.
        family: of the model; None takes the file's `family`, or ``lddu``.

    Raises:
        ConfigError: naming every unknown setting and impossible value, and the file they stand in.
    """
    given = read_toml(file) if file else {}
    chosen = family_of(family or str(given.get("family", "lddu")))
    base = chosen.preset(name or str(given.get("preset", "default")))
    if file:
        base = _in_file(file, base, {key: value for key, value in given.items() if key != "preset"})
    return laid_over(base, _given_values(options))


def given(file: Path | None, options: SettingOptions) -> set[str]:
    """Names such as ``model.hidden`` of the settings that the file or the options give, whatever their value."""
    tables = (read_toml(file) if file else {}, _given_values(options))
    return {
        f"{section}.{key}"
        for table in tables
        for section, settings in table.items()
        if isinstance(settings, dict)
        for key in settings
    }


def _given_values(options: SettingOptions) -> dict[str, dict[str, Any]]:
    """The values of the options, as a nested mapping."""
    return {
        section: {key: value for key, value in settings.items() if value is not None}
        for section, settings in asdict(options).items()
        if settings is not None
    }


def read_toml(file: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ConfigError: where it is absent or no TOML.
    """
    import tomllib

    from lddu.errors import ConfigError

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as fault:
        raise ConfigError(f"Expected a settings file at {file}, but it cannot be read ({fault.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigError(f"Expected {file} to be TOML, but it is not: {fault}.") from None


def _in_file(file: Path, base: Config, given: dict[str, Any]) -> Config:
    from lddu.errors import ConfigError

    try:
        return laid_over(base, given)
    except ConfigError as fault:
        raise ConfigError(f"In {file}: {fault}") from None
