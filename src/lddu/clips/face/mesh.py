"""MediaPipe's face mesh, picture by picture: 478 points on each of up to three faces.

The graph is MediaPipe's own, with one gate more: the detector, which looks for further faces while fewer than three are
followed, runs only where one could have come (`lddu.clips.face.detection_plan`). Following a face does not depend on it.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

import numpy as np

from lddu.clips.extras import needs
from lddu.clips.face.detection_plan import DetectionPlan

MESH = "mediapipe"
"""Package that finds the landmarks, and the name of their geometry in the specification of a feature."""

MOST_FACES = 3
CONFIDENCE = 0.5
"""From which a face counts as detected and as still followed: what MediaPipe's graph has."""

_GRAPH = "modules/face_landmark/face_landmark_front_cpu.binarypb"
_DETECTOR = "FaceDetectionShortRangeCpu"  # the one in that graph
_PARTS = (
    "framework.calculator_pb2", "framework.formats.landmark_pb2", "framework.formats.detection_pb2", "python",
    "calculators.core.gate_calculator_pb2", "calculators.util.association_calculator_pb2",  # options in the graph
)  # fmt: skip
_TICK = 33_333  # microseconds from picture to picture on the graph's clock, which nothing in it measures
_TAGS = {"landmark": 0x0A, "bytes": 15, "x_tag": 0x0D, "y_tag": 0x15, "z_tag": 0x1D}  # of protobuf, in this order
_LANDMARK = np.dtype([
    ("landmark", "u1"), ("bytes", "u1"), ("x_tag", "u1"), ("x", "<f4"), ("y_tag", "u1"), ("y", "<f4"), ("z_tag", "u1"), ("z", "<f4"),
])  # fmt: skip
_BLACK = np.zeros((64, 64, 3), np.uint8)  # a picture without a face
_STDERR = Lock()  # the process has one; two threads that hold it back would leave it closed


class PictureGraph:
    """A graph of MediaPipe's that is given one picture after the other; a context manager.

    Args:
        config: the graph, with an input ``image``.
        output: stream that is read.
        settings: its side packets.
    """

    def __init__(self, config: Any, output: str, settings: Mapping[str, Any]) -> None:
        self._bindings = load_mesh()
        self._create = sys.modules[f"{MESH}.python.packet_creator"]
        self._serialized = self._bindings._packet_getter._get_serialized_proto_list
        self._time, self._read = 0, (read := dict[int, Any]())
        # a graph is a chain: threads of its own would only hand pictures from one to the other
        config.executor.add(name="", type="ApplicationThreadExecutor")
        with quiet():
            self._graph = self._bindings.calculator_graph.CalculatorGraph(graph_config=config)
            # a method of this object would be a circle that Python cannot see, and megabytes that are never freed
            self._graph.observe_output_stream(
                output, lambda _, packet: read.update({packet.timestamp.value: packet}), True
            )
            self._graph.start_run(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._graph.close()

    def read(self, pixels: np.ndarray, **flags: bool) -> list[bytes]:
        """What the graph writes of the next picture, as serialized messages.

        Args:
            pixels: uint8 [height, width, 3] RGB, contiguous.
            flags: further inputs.
        """
        self._time += _TICK
        self._read.clear()
        srgb = self._bindings.image_frame.ImageFormat.SRGB
        packets = {"image": self._create.create_image_frame(pixels, image_format=srgb)}
        packets |= {name: self._create.create_bool(flag) for name, flag in flags.items()}
        for stream, packet in packets.items():
            self._graph.add_packet_to_input_stream(stream=stream, packet=packet.at(self._time))
        self._graph.wait_until_idle()
        packet = self._read.get(self._time)
        # the package's own reader of lists calls a deprecated function of protobuf, which warns for every picture
        return [] if packet is None or packet.is_empty() else list(self._serialized(packet))

    def forget(self) -> bool:
        """Be as before the first picture of another file; whether that succeeded."""
        return True


class FaceMesh(PictureGraph):
    """Follows faces through one file; a context manager.

    Args:
        follows: whether pictures are a film; otherwise each is looked at for itself.
        most: faces that are followed at once.

    Raises:
        ConfigError: (PackageError) where mediapipe is not installed.
    """

    def __init__(self, follows: bool = True, most: int = MOST_FACES) -> None:
        load_mesh()
        create = sys.modules["mediapipe.python.packet_creator"]
        settings = {
            "num_faces": create.create_int(most),
            "with_attention": create.create_bool(True),
            "use_prev_landmarks": create.create_bool(follows),
        }
        self._plan = DetectionPlan() if follows else None
        super().__init__(_graph_config(), "multi_face_landmarks", settings)
        with quiet():
            self.faces(_BLACK)  # the first one writes to stderr

    def faces(self, pixels: np.ndarray) -> list[np.ndarray]:
        """[478, 3] points of each face, x and y as shares of the picture's sides, z in the unit of x.

        Args:
            pixels: uint8 [height, width, 3] RGB, of the picture after the one before.
        """
        shared = np.ascontiguousarray(pixels).view()
        shared.flags.writeable = False  # what cannot change is read in place and not copied
        faces = self.read(shared, detects=self._plan is None or self._plan.due(shared))
        points = [points_of(face) for face in faces]
        if self._plan is not None:
            self._plan.seen(points)
        return points

    def forget(self) -> bool:
        """Follow none of the faces seen so far; see `PictureGraph`."""
        if self._plan is None:
            return True
        self._plan = DetectionPlan()
        return not self.read(_BLACK, detects=False)


class FaceDetector(PictureGraph):
    """MediaPipe's face detector alone, picture by picture; a context manager.

    Raises:
        ConfigError: (PackageError) where mediapipe is not installed.
    """

    def __init__(self) -> None:
        load_mesh()
        config = _config()
        config.input_stream.append("image")
        config.output_stream.append("faces")
        config.node.add(calculator=_DETECTOR, input_stream=["IMAGE:image"], output_stream=["DETECTIONS:faces"])
        super().__init__(config, "faces", {})
        with quiet():
            self.score(_BLACK)  # the first one writes to stderr

    def score(self, pixels: np.ndarray) -> float:
        """How sure the detector is of the surest face, from `CONFIDENCE` to 1; 0 where it sees none.

        Args:
            pixels: uint8 [height, width, 3] RGB.
        """
        read = sys.modules[f"{MESH}.framework.formats.detection_pb2"].Detection.FromString
        return max((read(face).score[0] for face in self.read(np.ascontiguousarray(pixels))), default=0.0)


def points_of(message: bytes) -> np.ndarray:
    """[N, 3] float64 points of a serialized ``NormalizedLandmarkList``.

    Its landmarks are mostly alike, three numbers each, which are read in place; one with other fields, or without one that is zero, is parsed.
    """
    if len(message) % _LANDMARK.itemsize == 0:
        marks = np.frombuffer(message, _LANDMARK)
        if all(bool((marks[name] == tag).all()) for name, tag in _TAGS.items()):
            return np.stack([marks["x"], marks["y"], marks["z"]], axis=1).astype(np.float64)
    parsed = sys.modules[f"{MESH}.framework.formats.landmark_pb2"].NormalizedLandmarkList.FromString(message)
    return np.array([(mark.x, mark.y, mark.z) for mark in parsed.landmark]).reshape(-1, 3)


def load_mesh() -> Any:
    """MediaPipe's compiled part alone; the package itself would load matplotlib, a camera's and a microphone's drivers.

    Raises:
        ConfigError: (PackageError) where mediapipe is not installed.
    """
    os.environ.setdefault("GLOG_minloglevel", "3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _put_off_package()
    with quiet():
        for name in _PARTS:
            needs(f"{MESH}.{name}", "clips", "face features")
        return sys.modules[f"{MESH}.python._framework_bindings"]


def _put_off_package() -> None:
    """Let the body of mediapipe's ``__init__`` run when what it defines is used, not when a part of it is imported."""
    if MESH in sys.modules or (spec := importlib.util.find_spec(MESH)) is None or spec.loader is None:
        return
    package, loader = importlib.util.module_from_spec(spec), spec.loader

    def run_body(name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    package.__dict__["__getattr__"] = run_body
    sys.modules[MESH] = package


def _graph_config() -> Any:
    """MediaPipe's graph with an input ``detects``, without which the detector rests."""
    config = _config()
    config.ParseFromString((Path(str(sys.modules[MESH].__path__[0])) / _GRAPH).read_bytes())
    config.ClearField("type")  # a graph of its own, no part of another
    config.input_stream.append("DETECTS:detects")
    (few,) = (node for node in config.node if list(node.output_stream) == ["gated_image"])
    few.output_stream[0] = "image_of_few_faces"
    config.node.add(
        calculator="GateCalculator",
        input_stream=["image_of_few_faces", "ALLOW:detects"],
        output_stream=["gated_image"],
    )
    return config


def _config() -> Any:
    """An empty graph; what it will be made of is found in the package."""
    folder = Path(str(sys.modules[MESH].__path__[0]))
    sys.modules[f"{MESH}.python._framework_bindings"].resource_util.set_resource_dir(str(folder.parent))
    return sys.modules[f"{MESH}.framework.calculator_pb2"].CalculatorGraphConfig()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing on stderr from native libraries, which write there past Python while they start."""
    with _STDERR:
        keep, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(keep, 2)
            os.close(keep)
            os.close(nowhere)
