"""`--jobs` and `--ray`: how many at once, and where."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lddu.errors import ConfigError
from lddu.machine.processes import ProcessWorkers, Workers, default_threads

if TYPE_CHECKING:
    from lddu.training.plan import Jobs


def jobs_in(text: str) -> "Jobs":
    """The value of `--jobs`: a number or "auto".

    Raises:
        ConfigError: where it is neither.
    """
    if text == "auto":
        return "auto"
    if not (text.isascii() and text.isdecimal()):
        raise ConfigError(f"Expected --jobs to be a number or 'auto', but got {text!r}.")
    return int(text)


@contextmanager
def chosen_workers(ray: str | None, jobs: int | None, device: str = "cpu") -> Iterator[Workers | None]:
    """The workers of these options; None for one after the other in this process.

    Args:
        ray: address of a cluster, as `lddu.machine.cluster.ray_workers` takes it; None stays on this machine.
        jobs: how many at once.
        device: that they compute on.

    Raises:
        ConfigError: where there are no such workers.
    """
    if jobs is not None and jobs < 1:
        raise ConfigError(f"Expected --jobs to be at least 1, but got {jobs}.")
    if ray is not None:
        from lddu.machine.cluster import ray_workers

        with ray_workers(ray, jobs, device) as workers:
            yield workers
    else:
        yield None if jobs is None or jobs == 1 else ProcessWorkers(jobs, default_threads(), device)
