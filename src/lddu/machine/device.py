"""Where tensors are computed: a name such as ``cuda`` turned into a device that exists."""

import torch

from lddu.errors import RunError, parameter

KINDS = ("cpu", "cuda", "mps", "xpu")


def device_of(name: str, local_rank: int = 0) -> torch.device:
    """The device of that name; ``auto`` is a GPU where there is one.

    Args:
        name: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or another kind.
        local_rank: number of this process on its machine: which GPU ``auto`` and ``cuda`` mean.

    Raises:
        RunError: where this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and torch.cuda.is_available():
        device = torch.device("cuda", local_rank % torch.cuda.device_count())
        torch.cuda.set_device(device)
        return device
    if not isinstance(name, str) or name.partition(":")[0] not in KINDS:
        raise RunError(
            f"Expected a device out of auto, {', '.join(KINDS)} or such as cuda:1, but got {name!r}; name one of these."
        )
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).splitlines()[0][:120]
        raise RunError(
            f"Expected a device of this machine, but got {name!r} ({reason}); use {parameter('device', 'cpu')}."
        ) from None
    return device
