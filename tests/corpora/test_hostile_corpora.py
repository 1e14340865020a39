"""Files of strangers: nothing in them is ever run, each ends in one sentence, and no part of a store is left."""

import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from lddu.corpora.corpus_format import ImportOptions
from lddu.corpora.importing import import_corpus
from lddu.corpora.mosei import csd_file
from lddu.corpora.untrusted import pickle_machine
from lddu.corpora.untrusted.object_file import read_objects
from lddu.errors import LdduError, SourceError
from tests import builders_corpora as build


class Call:
    """Pickles to a call of anything."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.parts = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.parts


class Stateful:
    """Pickles to an object of a class of its own."""

    def __init__(self) -> None:
        self.state = 1


class Outer:
    """Holds a class, whose name has a dot."""

    class Inner:
        """Pickles by a dotted name."""


def global_call(module: str, name: str, argument: str) -> bytes:
    """Protocol 0: module.name(argument)."""
    return f"c{module}\n{name}\n(V{argument}\ntR.".encode()


def stacked_call(module: str, name: str, argument: str) -> bytes:
    """Protocol 4: the name comes from the stack, dots and all."""
    words = b"".join(b"\x8c" + bytes([len(w)]) + w.encode() for w in (module, name))
    return b"\x80\x04" + words + b"\x93\x8c" + bytes([len(argument)]) + argument.encode() + b"\x85R."


def old_instance(module: str, name: str, argument: str) -> bytes:
    """Protocol 0: the INST instruction."""
    return f"(V{argument}\ni{module}\n{name}\n.".encode()


def object_instruction(module: str, name: str, argument: str) -> bytes:
    """Protocol 1: the OBJ instruction."""
    return f"(c{module}\n{name}\nV{argument}\no.".encode()


def new_object(module: str, name: str, argument: str) -> bytes:
    """Protocol 2: the NEWOBJ instruction."""
    return f"c{module}\n{name}\n(V{argument}\nt\x81.".encode("latin1")


def array_with(code: str, shape: tuple[Any, ...], data: Any) -> bytes:
    """A NumPy array whose type, shape and bytes are as told, right or wrong."""
    reduced: Any = np.zeros(1).__reduce__()
    function, arguments = reduced[:2]
    kind = Call(np.dtype, code, False, True)

    class Array:
        def __reduce__(self) -> Any:
            return function, arguments, (1, shape, kind, False, data)

    return pickle.dumps([Array()], 4)


def torch_with(key: str = "0", count: int = 4, size: tuple[int, ...] = (4,), stride: tuple[int, ...] = (1,)) -> bytes:
    """A zip of `torch.save` whose tensor lies about its storage."""
    buffer, changed = io.BytesIO(), io.BytesIO()
    torch.save({"train": torch.zeros(4)}, buffer)
    body = b"".join((
        b"\x80\x02}X\x05\x00\x00\x00trainctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n",
        b"FloatStorage\nX", struct.pack("<I", len(key)), key.encode(), b"X\x03\x00\x00\x00cpu\x8a\x08",
        struct.pack("<q", count), b"tQK\x00", numbers(size), numbers(stride), b"\x89NtRs.",
    ))  # fmt: skip
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.infolist():
            new.writestr(member.filename, body if member.filename.endswith("data.pkl") else old.read(member))
    return changed.getvalue()


def numbers(values: tuple[int, ...]) -> bytes:
    """A tuple of whole numbers, pickled."""
    return b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", value) for value in values) + b"t"


def many(times: int, made: bytes, each: bytes) -> bytes:
    """A list of what `each` makes, many times over, from what `made` left in the memory."""
    return b"\x80\x04" + made + b"(" + each * times + b"l."


def remembered_list(member: bytes, count: int) -> bytes:
    """A list of one member many times, remembered as number 0."""
    return b"](" + member * count + b"e\x94"


def name_of(module: str, name: str) -> bytes:
    """A name on the stack, remembered as the next number."""
    return f"c{module}\n{name}\n".encode() + b"\x94"


def typed(code: str, align: bytes) -> bytes:
    """A finished NumPy type, remembered as the next three numbers but one."""
    minus = b"J\xff\xff\xff\xff"
    return (
        name_of("numpy", "dtype") + b"\x8c" + bytes([len(code)]) + code.encode() + b"\x89\x88\x87R"
        + b"(K\x03\x8c\x01|NNN" + minus * 2 + align + b"tb\x94"
    )  # fmt: skip


COPIES = 20_000
LONG_LIST = remembered_list(b"N", 20_000)
"""20 KB that an honest form copies once."""

WIDE_WORD = b"\x8e" + struct.pack("<Q", 2**18) + b"a\0\0\0" * 2**16 + b"\x94"
"""A word of 65,536 letters as NumPy holds it, remembered as number 0."""

MARK = "/tmp/lddu-hostile-ran"
TOUCH = f"touch {MARK}"
PYTHON = f"open({MARK!r}, 'w')"

HOSTILE: dict[str, tuple[bytes, str]] = {
    "os.system": (pickle.dumps(Call(os.system, TOUCH)), "system"),
    "posix.system by name": (global_call("posix", "system", TOUCH), "posix.system"),
    "os.system by stack": (stacked_call("os", "system", TOUCH), "os.system"),
    "builtins.eval": (pickle.dumps(Call(eval, PYTHON)), "builtins.eval"),
    "builtins.exec, Python 2": (pickle.dumps(Call(exec, PYTHON), 0), "__builtin__.exec"),
    "subprocess.Popen": (pickle.dumps(Call(subprocess.Popen, ["touch", MARK])), "subprocess.Popen"),
    "builtins.getattr": (pickle.dumps(Call(getattr, "a", "join")), "builtins.getattr"),
    "builtins.__import__": (global_call("builtins", "__import__", "antigravity"), "builtins.__import__"),
    "pickle.loads inside": (pickle.dumps(Call(pickle.loads, pickle.dumps(Call(os.system, TOUCH)))), "loads"),
    "nested reduce": (pickle.dumps(Call(list, (Call(map, eval, [PYTHON]),))), "builtins"),
    "a call in a dictionary": (pickle.dumps({"train": {"src-text": [Call(eval, PYTHON)]}}), "builtins.eval"),
    "dotted name": (stacked_call("builtins", "str.__class__.__base__", "x"), "str.__class__"),
    "dotted module": (stacked_call("numpy.core.multiarray", "_reconstruct.__globals__", "x"), "__globals__"),
    "a class of its own": (pickle.dumps(Stateful()), "copyreg|Stateful"),
    "a class of its own, protocol 0": (pickle.dumps(Stateful(), 0), "copy_?reg"),
    "a dotted class": (pickle.dumps(Outer.Inner()), "Outer.Inner|copyreg"),
    "INST": (old_instance("os", "system", TOUCH), "class of its own"),
    "OBJ": (object_instruction("builtins", "eval", PYTHON), "builtins.eval"),
    "NEWOBJ": (new_object("numpy", "ndarray", TOUCH), "class of its own"),
    "extension code": (b"\x80\x02\x82\x01.", "class of its own"),
    "persistent id": (b"\x80\x02X\x03\x00\x00\x00abcQ.", "persistent id"),
    "persistent id, protocol 0": (b"Pabc\n.", "persistent id"),
    "state for a list": (b"\x80\x02]K\x01b.", "a state for a list"),
    "numpy.load": (global_call("numpy", "load", "x.npy"), "numpy.load"),
    "numpy.f2py": (global_call("numpy.f2py.capi_maps", "load_f2cmap_file", "x"), "load_f2cmap_file"),
    "array of objects with a call": (pickle.dumps(np.array([Call(os.system, TOUCH)], dtype=object)), "system"),
    "array with fields": (pickle.dumps(np.zeros(2, "f4,i4")), "damaged"),
    "array larger than its bytes": (array_with("f8", (10**9,), b"12345678"), r"array of shape \(1000000000,\)"),
    "array of negative size": (array_with("f8", (-1,), b""), "impossible shape"),
    "array of empty strings": (array_with("S0", (10**12,), b""), "odd type"),
    "array of void": (array_with("V8", (1,), b"12345678"), "not plain"),
    "array of pointers": (array_with("O8", (1,), b"12345678"), "damaged|got a list"),
    "bytes larger than the file": (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.", "are left"),
    "text larger than the file": (b"\x80\x04\x8d" + struct.pack("<Q", 2**63) + b"x.", "are left"),
    "a number of many bytes": (b"\x80\x02\x8b" + struct.pack("<I", 10**6) + b"\x7f" * 10**6 + b".", "whole number"),
    "a number of many digits": (b"I" + b"9" * 10**5 + b"\n.", "damaged"),
    "a memory of two billion": (b"\x80\x02Nr\xff\xff\xff\x7f.", "got a NoneType"),
    "deep marks": (b"(" * 10**6 + b".", "deep"),
    "deep tuples": (b"\x80\x02N" + b"\x85" * 10**5 + b".", "got a tuple"),
    "deep lists": (b"\x80\x02" + b"]" * 10**5 + b"a" * (10**5 - 1) + b".", "list"),
    "millions of sets": (b"\x80\x04(" + b"\x8f" * 2_100_000 + b"l.", "more than 2,000,000 containers"),
    "copies of copies": (
        b"\x80\x02c_codecs\nencode\nq\x00X" + struct.pack("<I", 10**5) + b"a" * 10**5
        + b"q\x010(" + b"h\x00h\x01\x85R" * 2000 + b"l.", "times its size",
    ),
    "sizes of one long list": (many(COPIES, LONG_LIST + name_of("torch", "Size"), b"h\x01h\x00\x85R"), "times its size"),
    "sets of one long list": (
        many(COPIES, remembered_list(b"K\x01", 10_000) + name_of("builtins", "set"), b"h\x01h\x00\x85R"), "times its size",
    ),
    "dictionaries of one pair": (
        many(COPIES, remembered_list(b"K\x01K\x01\x86", 5000) + name_of("collections", "OrderedDict"), b"h\x01h\x00\x85R"),
        "times its size",
    ),
    "calls with a long list of arguments": (
        many(COPIES, b"(" + b"N" * 20_000 + b"t\x94" + name_of("collections", "defaultdict"), b"h\x01h\x00R"),
        "20,000 arguments",
    ),
    "arrays of objects of one long list": (
        many(
            COPIES,
            LONG_LIST + name_of("numpy.core.multiarray", "_reconstruct") + name_of("numpy", "ndarray") + typed("O8", b"K\x3f"),
            b"h\x01h\x02K\x00\x85C\x01b\x87R(K\x01K\x01M\x20\x4e\x86h\x04\x89h\x00tb",
        ),
        "times its size",
    ),
    "words of one long text": (
        many(200, WIDE_WORD + name_of("numpy.core.multiarray", "scalar") + typed("U65536", b"K\x08"), b"h\x01h\x03h\x00\x86R"),
        "times its size",
    ),
    "a second state": (
        b"\x80\x04" + name_of("numpy", "dtype") + b"\x8c\x02f8\x89\x88\x87R"
        + b"2(K\x03\x8c\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb0(K\x03tb.", "second state|damaged",
    ),
    "a list of one list many times": (
        b"\x80\x02](G?\xf0\x00\x00\x00\x00\x00\x00eq\x000(" + b"h\x00" * 10**5 + b"l.", "list",
    ),
    "an unknown instruction": (b"\x80\x04\xff.", "unknown instruction"),
    "an unhashable key": (b"\x80\x02}]K\x01s.", "used as a key"),
    "nothing": (b"", "cannot be read"),
    "no pickle at all": (b"hello, I am a video", "damaged|unknown"),
}  # fmt: skip

HOSTILE_TORCH: dict[str, tuple[bytes, str]] = {
    "storage beyond its end": (torch_with(count=10**9, size=(10**9,)), "declares 1,000,000,000 numbers"),
    "tensor beyond its storage": (torch_with(size=(5,)), "in a storage of 4 numbers"),
    "negative stride": (torch_with(stride=(-1,)), "impossible shape"),
    "storage of another name": (torch_with(key="../../data.pkl"), "damaged"),
    "a zip without data": (b"PK\x03\x04" + b"\0" * 40, "torch.save"),
}


@pytest.fixture(autouse=True)
def nothing_ran() -> Any:
    """No test may leave the trace that a call leaves."""
    Path(MARK).unlink(missing_ok=True)
    yield
    assert not Path(MARK).exists()


def refused(source: Path, message: str, labels: Path | None = None) -> None:
    """Importing fails with a message about the file and leaves nothing behind."""
    before = sorted(source.parent.iterdir())
    options = ImportOptions(extra={"labels": labels} if labels else {})
    with pytest.raises(SourceError, match=message) as caught:
        import_corpus(source, source.parent / "store", options=options)
    assert str(source) in str(caught.value)
    assert len(str(caught.value)) < 600
    assert sorted(source.parent.iterdir()) == before


@pytest.mark.parametrize("suffix", [".pkl", pytest.param(".pt", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "millions of sets" else name for name in HOSTILE]
)
def test_a_hostile_pickle_is_refused(tmp_path: Path, name: str, suffix: str) -> None:
    content, message = HOSTILE[name]
    source = tmp_path / f"corpus{suffix}"
    source.write_bytes(content)
    refused(source, message)


def test_containers_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in "millions of sets", which takes long."""
    monkeypatch.setattr(pickle_machine, "LARGEST_CONTAINER_COUNT", 1000)
    source = tmp_path / "corpus.pkl"
    source.write_bytes(b"\x80\x04(" + b"\x8f" * 1100 + b"l.")
    refused(source, "more than 1,000 containers")


@pytest.mark.parametrize("name", HOSTILE_TORCH)
def test_a_hostile_torch_file_is_refused(tmp_path: Path, name: str) -> None:
    content, message = HOSTILE_TORCH[name]
    source = tmp_path / "corpus.pt"
    source.write_bytes(content)
    refused(source, message)


@pytest.mark.parametrize("old", [False, True])
def test_a_call_inside_a_torch_file_is_refused(tmp_path: Path, old: bool) -> None:
    source = build.write_tailor(tmp_path / "corpus.pt", {"train": Call(os.system, TOUCH)}, old)
    refused(source, "system, which is never run")


def test_a_compressed_torch_file_is_refused(tmp_path: Path) -> None:
    source = build.write_tailor(tmp_path / "corpus.pt")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, old.read(member))
    source.unlink()
    refused(tmp_path / "b.pt", "is compressed")


def test_one_array_mentioned_very_often_is_refused(tmp_path: Path) -> None:
    rows = np.zeros((500, 100), "f4")
    content = build.tailor_content(clips=4)
    content["train"] = {"src-text": [rows + 1] * 1, **{k: [rows] * 2000 for k in ("src-audio", "src-visual")}}
    content["train"].update({"src-text": [rows] * 2000, "tgt": [[2, 3]] * 2000})
    refused(build.write_pickle(tmp_path / "corpus.pt", content), "it repeats itself")


FILES: dict[str, Callable[[Path], Path]] = {
    "zip": lambda folder: build.write_tailor(folder / "corpus.pt"),
    "old": lambda folder: build.write_tailor(folder / "corpus.pt", old=True),
    "m3ed": lambda folder: build.write_pickle(folder / "corpus.pkl", build.m3ed_content()),
    "mmsa": lambda folder: build.write_pickle(folder / "corpus.pkl", build.mmsa_content()),
    "m3ed protocol 2": lambda folder: build.write_pickle(folder / "corpus.pkl", build.m3ed_content(), 2),
}


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("sixteenth", range(16))
def test_a_file_cut_short_is_refused(tmp_path: Path, form: str, sixteenth: int) -> None:
    source = FILES[form](tmp_path)
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * sixteenth // 16])
    mmsa = form == "mmsa" and sixteenth > 0
    refused(source, "Expected", build.mmsa_labels(tmp_path / "l" / "labels.csd") if mmsa else None)


@pytest.mark.parametrize(
    "form",
    [pytest.param(form, marks=() if form in ("m3ed protocol 2", "zip") else pytest.mark.slow) for form in FILES],
)
def test_no_flipped_bit_ends_in_anything_but_a_store_or_a_message(tmp_path: Path, form: str) -> None:
    """In a number a flip cannot be seen, unless the form has checksums; it is a sound file of other numbers."""
    source = FILES[form](tmp_path)
    whole = source.read_bytes()
    labels = build.mmsa_labels(tmp_path.parent / "l" / "labels.csd")
    options = ImportOptions(force=True, extra={"labels": labels} if form == "mmsa" else {})
    rng = np.random.default_rng(0)
    sound = 0
    for at in np.sort(rng.choice(len(whole), 200, replace=False)):
        changed = bytearray(whole)
        changed[at] ^= 1 << int(rng.integers(8))
        source.write_bytes(changed)
        try:
            import_corpus(source, tmp_path / "store", form.split()[0] if "m" in form else None, options)
            sound += 1
        except LdduError as fault:
            assert "Expected" in str(fault)
    assert sorted(path.name for path in tmp_path.iterdir()) in ([source.name], [source.name, "store"])
    assert sound < 200


@pytest.mark.slow  # 200 readings of HDF5
def test_no_flipped_bit_of_a_csd_ends_in_anything_but_a_store_or_a_message(tmp_path: Path) -> None:
    """HDF5 is read by a C library: this runs in a process of its own, so that a crash would be seen."""
    build.mosei_folder(tmp_path / "mosei", build.mosei_videos(2))
    build.write_folds(tmp_path / "f.json", train=["-video0"])
    script = Path(__file__).parent / "flip_csd_bits.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stdout[-200:]) == (0, "200 flips\n"), done.stderr[-2000:]


@pytest.mark.parametrize("sixteenth", range(16))
def test_a_csd_cut_short_is_refused(tmp_path: Path, sixteenth: int) -> None:
    folder = build.mosei_folder(tmp_path / "mosei", build.mosei_videos(2))
    folds = build.write_folds(tmp_path / "f.json", train=["-video0"])
    source = folder / "CMU_MOSEI_COVAREP.csd"
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * sixteenth // 16])
    with pytest.raises(SourceError, match=r"CMU_MOSEI_COVAREP\.csd"):
        import_corpus(folder, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))
    assert not (tmp_path / "store").exists()


def test_a_large_file_may_hold_one_array_a_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_machine, "LARGEST_CONTAINER_COUNT", 100)
    rows = [np.full(35, i, "f4") for i in range(200)]
    found = read_objects(build.write_pickle(tmp_path / "x.pkl", rows))
    assert [row[0] for row in found] == list(range(200))


def test_tensors_that_share_a_storage_share_it_here_too(tmp_path: Path) -> None:
    """Half-precision numbers are converted, once for all tensors that look at them."""
    half = torch.arange(8.0).to(torch.bfloat16)
    first, second = read_objects(build.write_tailor(tmp_path / "x.pt", {"a": [half, half[2:]]}))["a"]
    assert second.tolist() == [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    assert np.shares_memory(first, second)


class TestHostileCsd:
    """HDF5 that declares more than it holds, or holds the same thing very often."""

    def refused(self, tmp_path: Path, spoil: Callable[[h5py.Group], None], message: str) -> None:
        """A voice with one hostile video: refused in a sentence that names the file, and nothing is left."""
        folder = build.mosei_folder(tmp_path / "mosei", build.mosei_videos(2))
        folds = build.write_folds(tmp_path / "f.json", train=["-video0"])
        with h5py.File(folder / "CMU_MOSEI_COVAREP.csd", "a") as file:
            del file["COVAREP/data/-video0"]
            spoil(file["COVAREP/data"])
        before = sorted(tmp_path.iterdir())
        with pytest.raises(SourceError, match=message) as caught:
            import_corpus(folder, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))
        assert "CMU_MOSEI_COVAREP.csd" in str(caught.value)
        assert sorted(tmp_path.iterdir()) == before

    def zeros(self, group: h5py.Group, name: str, shape: tuple[int, int], kind: str) -> None:
        """Zeros that take a thousandth of their size, without the time it takes to compress them all."""
        chunk = (2**16, shape[1])
        made = group.create_dataset(name, shape, kind, chunks=chunk, compression="gzip")
        packed = zlib.compress(bytes(chunk[0] * chunk[1] * made.dtype.itemsize))
        for start in range(0, shape[0], chunk[0]):
            made.id.write_direct_chunk((start, 0), packed)

    def test_small_numbers_that_become_large_ones(self, tmp_path: Path) -> None:
        def spoil(data: h5py.Group) -> None:
            self.zeros(data.create_group("-video0"), "intervals", (2**26, 2), "i1")
            self.zeros(data["-video0"], "features", (2**26, 1), "i1")

        self.refused(tmp_path, spoil, "declares 1,073,741,824")

    def test_a_shape_whose_size_wraps_around(self, tmp_path: Path) -> None:
        def spoil(data: h5py.Group) -> None:
            group = data.create_group("-video0")
            group.create_dataset("intervals", data=[[0.0, 1.0]])
            plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            plan.set_chunk((1, 4))
            space = h5py.h5s.create_simple((2**62 + 1, 4), (2**62 + 1, 4))
            h5py.h5d.create(group.id, b"features", h5py.h5t.NATIVE_FLOAT, space, plan)

        self.refused(tmp_path, spoil, "declares 147,573,952,589,676,412,960")

    def test_a_small_array_in_one_huge_chunk(self, tmp_path: Path) -> None:
        def spoil(data: h5py.Group) -> None:
            group = data.create_group("-video0")
            group.create_dataset("intervals", data=[[0.0, 1.0]])
            group.create_dataset("features", (1, 2), "f4", maxshape=(None, 2), chunks=(2**27, 2), compression="gzip")

        self.refused(tmp_path, spoil, "declares 1,073,741,824")

    def test_one_entry_under_many_names(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def spoil(data: h5py.Group) -> None:
            group = data.create_group("-video0[0]")
            group["intervals"], group["features"] = np.zeros((1000, 2)), np.zeros((1000, 2))
            for k in range(1, 100):
                data[f"-video0[{k}]"] = group

        monkeypatch.setattr(csd_file, "LARGEST_DATASET", 2**20)
        self.refused(tmp_path, spoil, "entries of video '-video0' .* in all, but they are more")

    def test_one_entry_for_many_videos(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def spoil(data: h5py.Group) -> None:
            self.zeros(data.create_group("-video0"), "intervals", (2**16, 2), "f8")
            self.zeros(data["-video0"], "features", (2**16, 2), "f4")

        monkeypatch.setattr(csd_file, "LARGEST_REREADING", 0.02)
        self.refused(tmp_path, spoil, "it repeats itself")

    def test_one_word_many_times(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A word of any length is a pointer; here all point at one long word."""

        def spoil(data: h5py.Group) -> None:
            group = data.create_group("-video0")
            group["intervals"] = np.tile([[0.0, 1.0]], (4096, 1))
            words = group.create_dataset(
                "features", (4096, 1), h5py.string_dtype(), chunks=(4096, 1), compression="gzip"
            )
            words[0, 0] = "a" * 50_000
            pointer = zlib.decompress(words.id.read_direct_chunk((0, 0))[1])[:16]
            words.id.write_direct_chunk((0, 0), zlib.compress(pointer * 4096))

        monkeypatch.setattr(csd_file, "LARGEST_DATASET", 2**20)
        self.refused(tmp_path, spoil, "but its words are more")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.csv", "clip,tgt" + ",a" * 100_000 + "\n-va[2]\n" * 3, "100002 cells in line 2"),
        ("labels.csv", "clip,tgt\n" + '-va[2],"[2, 3]"\n' * 2_500_000, "larger than 33,554,432 bytes"),
        ("folds.csv", "video,split" + ",a" * 100_000 + "\n-video0\n", "100002 cells in line 2"),
        ("folds.json", "[" * 2**21, "larger than 1,048,576 bytes"),
        ("folds.json", "[" * 2**20, "cannot be read"),
        ("folds.py", "standard_train_fold = " + "-" * 10**6 + "1", "cannot be read"),
    ],
)
def test_tables_that_blow_up_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    if name == "labels.csv":
        source, extra = build.write_pickle(tmp_path / "x.pkl", build.mmsa_content()), {"labels": tmp_path / name}
    else:
        source, extra = build.mosei_folder(tmp_path / "mosei"), {"folds": tmp_path / name}
    with pytest.raises(SourceError, match=message) as caught:
        import_corpus(source, tmp_path / "store", options=ImportOptions(extra=extra))
    assert len(str(caught.value)) < 600
    assert not (tmp_path / "store").exists()


def test_a_csd_of_python_objects_is_refused(tmp_path: Path) -> None:
    folder = build.mosei_folder(tmp_path / "mosei", build.mosei_videos(1))
    with h5py.File(folder / "CMU_MOSEI_COVAREP.csd", "a") as file:
        del file["COVAREP/data/-video0/features"]
        kind = h5py.vlen_dtype(np.dtype("f4"))
        file.create_dataset("COVAREP/data/-video0/features", (120, 2), kind)
    folds = build.write_folds(tmp_path / "f.json", train=["-video0"])
    with pytest.raises(SourceError, match="numbers or words"):
        import_corpus(folder, tmp_path / "store", options=ImportOptions(extra={"folds": folds}))


@pytest.mark.parametrize("protocol", range(6))
def test_honest_values_come_out_as_they_went_in(tmp_path: Path, protocol: int) -> None:
    content: dict[str, Any] = {
        "f": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)),
        "big": np.arange(3, dtype=">f4"), "words": np.array(["ab", "é中"]), "none": np.zeros((0, 4)),
        "plain": [1, -7, 10**12, 2.5, True, None, "é中", b"abc", {"k": (1, 2)}], "scalar": np.float32(2.5),
        "bools": np.array([True, False]), "tensor": torch.arange(6.0).reshape(2, 3),
    }  # fmt: skip
    found = read_objects(build.write_pickle(tmp_path / "x.pkl", content, protocol))
    for name in ("f", "fortran", "big", "words", "none", "bools"):
        assert np.array_equal(found[name], content[name])
        assert found[name].shape == content[name].shape
    assert found["plain"] == content["plain"]
    assert found["scalar"] == 2.5
    assert np.array_equal(found["tensor"], np.arange(6.0).reshape(2, 3))
    assert found["f"].flags.writeable is False


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old form"])
def test_parameters_of_a_network_are_arrays(tmp_path: Path, zipped: bool) -> None:
    plain, marked = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3)), torch.nn.Parameter(torch.arange(3.0))
    marked.purpose = "test"  # type: ignore[attr-defined]
    state = torch.nn.Linear(2, 1).state_dict()
    torch.save({"a": plain, "b": [marked], "c": state}, tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
    found = read_objects(tmp_path / "x.pt")
    np.testing.assert_array_equal(found["a"], plain.detach().numpy())
    np.testing.assert_array_equal(found["b"][0], marked.detach().numpy())
    assert {name: values.tolist() for name, values in found["c"].items()} == {n: v.tolist() for n, v in state.items()}


def test_a_parameter_of_anything_but_a_tensor_is_damage(tmp_path: Path) -> None:
    body = b"\x80\x02ctorch._utils\n_rebuild_parameter\n]\x88}\x87R."
    (tmp_path / "x.pkl").write_bytes(body)
    with pytest.raises(SourceError, match="a parameter without a tensor"):
        read_objects(tmp_path / "x.pkl")
