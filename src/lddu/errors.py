"""Every error a user can cause: one sentence that says what was expected, what was found and what to do."""


class LdduError(Exception):
    """Base of all errors that are shown to a user as one sentence, without a traceback."""


class ConfigError(LdduError):
    """A setting that does not exist, or a value it cannot take. Names every problem at once."""


class PackageError(ConfigError):
    """A setting that needs a package which is not installed. Names the command that installs it."""


class SourceError(LdduError):
    """Data offered for import that cannot be understood or trusted. Names the file and the clip."""


class StoreError(LdduError):
    """A feature store that is absent, damaged, or does not hold what is asked of it."""


class RunError(LdduError):
    """A run folder that is absent, unfinished, damaged, or made by a newer version."""


class MismatchError(LdduError):
    """Two things that are each sound but do not belong together, such as a run and a store of other features."""
