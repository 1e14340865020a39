"""`lddu export`: a run as one file that other runtimes read."""

from pathlib import Path
from typing import Annotated

from lddu.commands.options import Flag, Output

EXAMPLES = """Example:
  lddu export run --onnx run.onnx"""


def export(
    run: str = "default",
    /,
    *,
    onnx: Annotated[Path, Output],
    int8: Annotated[bool, Flag] = False,
    force: Annotated[bool, Flag, Output] = False,
) -> None:
    """Write a run as one .onnx file, which onnxruntime runs without lddu and without torch.

    Features of any length go in, modalities may be missing; probabilities, emotions, label sets and uncertainty come out. The file
    is kept only where it answers as the run does.

    Parameters
    ----------
    run
        Run folder, a .zip of one; without one, the default.
    onnx
        File to write.
    int8
        With weights of 8 bits: smaller, and not quite the same answers.
    force
        Replace an existing file.
    """
    from lddu.commands.screen import notes
    from lddu.runs.onnx.check import CLIPS
    from lddu.runs.predictor import Predictor

    exported = Predictor(run).export_onnx(onnx, int8, force)
    notes().print(f"onnx: {exported.path} ({exported.size / 1e6:.3g} MB)", markup=False, soft_wrap=True)
    notes().print(
        f"on {CLIPS} made-up clips its probabilities differ from the run's by at most {exported.difference.probability:.1g} "
        f"(mean {exported.difference.mean_probability:.1g})",
        markup=False,
        soft_wrap=True,
    )
