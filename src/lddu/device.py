"""Where tensors are computed: a name such as ``cuda`` made into a device that is really there."""

import torch

from lddu.errors import RunError

KINDS = ("cpu", "cuda", "mps", "xpu")


def device_of(name: str) -> torch.device:
    """The device of that name; ``auto`` is a GPU where there is one.

    Raises:
        RunError: where this machine has no such device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type not in KINDS:
            raise RuntimeError(f"known: {', '.join(KINDS)}")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as fault:
        reason = str(fault).splitlines()[0][:120]
        raise RunError(f"Expected a device of this machine, but got {name!r} ({reason}); use --device cpu.") from None
    return device
