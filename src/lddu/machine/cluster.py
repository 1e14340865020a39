"""Workers on many machines: jobs are handed to Ray, which starts each where processors are free.

This file is all that knows Ray. Its scheduler moves jobs and results; clips, features, runs and searches are read and
written by the machines themselves, in folders that they share or behind URLs.
"""

import os
import platform
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lddu.errors import ConfigError, PackageError, RunError, parameter
from lddu.machine.processes import Job, Opening, Outcome, Result, default_threads, opened

HERE = "local"
"""The address of a Ray that is started for the occasion on this machine."""

ATTEMPTS = 2
"""A process on a cluster often dies with its machine, so its job is begun once more elsewhere."""

OBJECT_MEGABYTES = 256
"""Memory for results on their way, where Ray is started here; they are small."""


@dataclass(frozen=True)
class RayWorkers:
    """Workers on a Ray cluster that this process has joined; a `lddu.machine.processes.Workers`.

    Attributes:
        count: jobs at once; None takes all of the cluster, and what joins it meanwhile.
        threads: of each job, and the CPUs that it requests.
        device: that each job computes on, ``cpu`` or ``cuda``; with ``cuda`` it requests a GPU too.
    """

    count: int | None
    threads: int
    device: str

    def work_off(self, opening: Opening[Job, Result], jobs: Sequence[Job]) -> Iterator[Outcome[Job, Result]]:
        """See `lddu.machine.processes.Workers`; a job whose process died is begun once more before it counts as lost."""
        import ray

        gpus = int(self.device == "cuda")
        act = ray.remote(_act).options(num_cpus=self.threads, num_gpus=gpus, max_retries=0)
        waiting = deque((job, 1) for job in jobs)
        running: dict[Any, tuple[Job, int]] = {}
        try:
            while waiting or running:
                room = self.count or 2 * self._places()  # with all of the cluster some wait, at which it may grow
                while waiting and len(running) < room:
                    job, attempt = waiting.popleft()
                    running[act.remote(opening, job, self.threads, str(Path.cwd()))] = job, attempt
                finished, _ = ray.wait(list(running))
                job, attempt = running.pop(finished[0])
                result = _result(ray, finished[0])
                if result is None and attempt < ATTEMPTS:
                    waiting.append((job, attempt + 1))
                else:
                    yield Outcome(job, result)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _places(self) -> int:
        """Jobs that the cluster has room for at the moment."""
        import ray

        kind, each = ("GPU", 1) if self.device == "cuda" else ("CPU", self.threads)
        return max(1, int(ray.cluster_resources().get(kind, 0) // each))


@contextmanager
def ray_workers(address: str, jobs: int | None = None, device: str = "cpu") -> Iterator[RayWorkers]:
    """Workers on a Ray cluster, which is left at the end; a Ray that this process has joined before stays joined.

    Each job gets `lddu.machine.processes.default_threads` threads.

    Args:
        address: ``HOST:PORT``; ``auto`` for the cluster that this machine belongs to; ``local`` to start one here.
        jobs: how many at once; None takes all of the cluster.
        device: ``cpu``, ``cuda``, or ``auto``, which is ``cuda`` where the cluster has GPUs.

    Raises:
        ConfigError: where Ray is not installed, the cluster cannot be reached or has no machine for such jobs, or the
            device is a certain GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise ConfigError(
            f"Expected {parameter('device')} to be auto, cpu or cuda on a Ray cluster, which deals out the GPUs, but got {device}."
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage statistics
    try:
        import ray
    except ImportError:
        raise PackageError.missing("ray", "work on a cluster", "lddu[ray]") from None
    if ray.is_initialized():
        yield _workers(ray, jobs, device)
        return
    with _silent(ray):
        _join(ray, address)
        try:
            yield _workers(ray, jobs, device)
        finally:
            ray.shutdown()


def _workers(ray: Any, jobs: int | None, device: str) -> RayWorkers:
    """Workers that some machine of the cluster has room for: Ray lets a job that has none wait for ever."""
    machines = [machine["Resources"] for machine in ray.nodes() if machine["Alive"]]
    gpus, processors = (max(machine.get(kind, 0) for machine in machines) for kind in ("GPU", "CPU"))
    if device == "cuda" and not gpus:
        raise ConfigError(f"Expected GPUs in the Ray cluster, but it has none; give {parameter('device', 'cpu')}.")
    threads = default_threads()
    if 0 < processors < threads:  # none at all is a cluster that has yet to grow
        raise ConfigError(
            f"Expected a machine of {threads} processors in the Ray cluster, as many as OMP_NUM_THREADS says, but the "
            f"largest has {processors:g}; set fewer."
        )
    return RayWorkers(jobs, threads, "cuda" if gpus and device != "cpu" else "cpu")


def _join(ray: Any, address: str) -> None:
    here = {"include_dashboard": False, "object_store_memory": OBJECT_MEGABYTES << 20} if address == HERE else {}
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL", **here)
    except (
        Exception
    ) as fault:  # of any kind: ConnectionError, ValueError, RuntimeError; of a slow start Exception itself
        ray.shutdown()
        reason = (str(fault).splitlines() or [type(fault).__name__])[0][:200]
        raise ConfigError(
            f"Expected to join Ray at {address!r}, but that failed ({reason}); check the address and that the cluster runs "
            "the same Python and Ray, or that this machine is not too busy to start one."
        ) from None


def _knock(address: str) -> None:
    """Fail at once where nothing listens at HOST:PORT, for which Ray takes minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()


@contextmanager
def _silent(ray: Any) -> Iterator[None]:
    """Ray prints notices of dead processes on stdout, where results belong; outcomes already say which died.

    This is the only use of a private name of Ray, because it offers no public way (as of 2.60): `log_to_driver=False`
    does not reach the thread that prints them, RAY_DEDUP_LOGS_SKIP_REGEX is read at import only and would stay for the
    caller's own use of Ray, and to redirect stdout would catch what the caller prints. A Ray without that name keeps
    printing, and nothing else changes; a test watches stdout.
    """
    worker = ray._private.worker
    printing = getattr(worker, "print_to_stdstream", None)
    if printing is None:
        yield
        return
    worker.print_to_stdstream = lambda *_, **__: None
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


def _act(opening: Opening[Any, Any], job: Any, threads: int, folder: str) -> Any:
    """What a process of the cluster does with a job."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read when torch is first imported, by the opening
    try:
        os.chdir(folder)  # so that relative paths mean what they mean to the command
    except OSError as fault:
        raise ConfigError(
            f"Expected the folder {folder}, where the command was started, on every machine of the cluster, but "
            f"{platform.node()} does not have it ({fault.strerror}); start in a folder that they share."
        ) from None
    return opened(opening)(job)


def _result(ray: Any, reference: Any) -> Any:
    """A finished job's result; None where its process died.

    Raises:
        Exception: what the job raised.
        RunError: where a machine of the cluster cannot run this program.
    """
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as fault:
        cause = fault.cause
        if isinstance(cause, ImportError | RuntimeError) and "lddu" in str(cause):
            raise RunError(
                "Expected lddu on every machine of the cluster, but one cannot import it "
                f"({str(cause).splitlines()[-1][:200]}); install the same version there."
            ) from None
        raise cause from None
    except ray.exceptions.RayError:
        return None
