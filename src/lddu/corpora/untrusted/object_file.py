"""Files that `pickle.dump` or `torch.save` wrote, read without either of them: only data comes out.

Three forms exist: a bare pickle; the zip archive of `torch.save` since PyTorch 1.6 (a pickle beside raw storages);
and its older form (several pickles in a row, then the storages). All are read by `pickle_instructions.load`.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from lddu.corpora.untrusted.mapped_file import let_go, mapped
from lddu.corpora.untrusted.pickle_instructions import load
from lddu.corpora.untrusted.pickle_machine import DAMAGE, PickleMachine
from lddu.corpora.untrusted.pickled_objects import FORMS, Bytes, Name, Storage
from lddu.errors import SourceError

PICKLE_SUFFIXES: Final = (".pkl", ".pickle")

CHECKED_BYTES: Final = 2**26
"""How much of a mapped file is in memory at once while its checksum is computed."""

_ZIP: Final = b"PK\x03\x04"
_OLD_MAGIC: Final = 0x1950A86A20F9469CFC6C
_OLD_PROTOCOL: Final = 1001
_KINDS: Final = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "<u2", "Long": "<i8", "Int": "<i4", "Short": "<i2",
    "Char": "|i1", "Byte": "|u1", "Bool": "|b1",
}  # fmt: skip


def read_objects(path: Path) -> Any:
    """The content of a file of `pickle.dump` or `torch.save`, tensors as NumPy arrays.

    Arrays are read-only views of the file, which stays mapped as long as they live: a file larger than memory opens.

    Raises:
        SourceError: where the file is absent, damaged, or asks for anything but data; nothing of it is ever run.
    """
    data = mapped(path)
    if bytes(data[:4]) == _ZIP:
        return _read_archive(path, data)
    return _read_plain(data, str(path), nested=True)


def pickled_container(path: Path) -> str:
    """What a pickle holds, by its first bytes: ``dict``, ``list`` (or tuple), ``archive`` of torch.save, or empty where unknown."""
    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError:
        return ""
    if head[:4] == _ZIP:
        return "archive"
    if head[:1] == b"\x80":
        head = head[2:]
    if head[:1] == b"\x95":  # a frame of protocol 4, and its size
        head = head[9:]
    if head[:1] == b"}" or head[:2] == b"(d":
        return "dict"
    return "list" if head[:1] in (b"]", b"(") else ""


def _read_plain(data: memoryview, where: str, nested: bool) -> Any:
    forms = dict(FORMS)
    if nested:  # a tensor inside a pickle: its storage is a file of torch.save in itself
        forms["torch.storage", "_load_from_bytes"] = lambda raw: _read_inner(raw, where)
    machine = PickleMachine(data, where, forms=forms)
    first = load(machine)
    return _read_old(data, machine.at, where) if type(first) is int and first == _OLD_MAGIC else first


def _read_inner(raw: Any, where: str) -> Any:
    if not isinstance(raw, Bytes):
        raise ValueError("a tensor without bytes")
    return _read_plain(memoryview(raw), f"a tensor in {where}", nested=False)


def _read_archive(path: Path, data: memoryview) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
    except (*DAMAGE, zipfile.BadZipFile, NotImplementedError, EOFError) as fault:
        raise _damaged(path, str(fault)) from None
    inside = [name for name in members if name.endswith("/data.pkl")]
    if len(inside) != 1:
        raise SourceError(
            f"Expected {path} to be a file of torch.save, but it is a zip archive without one 'data.pkl'; "
            "unpack it and name the file inside."
        )
    folder = inside[0].removesuffix("data.pkl")
    order = members.get(f"{folder}byteorder")
    if order is not None and bytes(_member(path, data, order)) != b"little":
        raise SourceError(f"Expected the numbers of {path} to be little-endian, but they are not; save it again.")
    known: dict[str, tuple[str, Storage]] = {}

    def storage(identity: Any) -> Storage:
        kind, key, count = _storage_identity(identity)
        if key not in known:
            known[key] = kind, _storage(_member(path, data, members[f"{folder}data/{key}"]), kind, count)
        first, whole = known[key]
        if first != kind or count != len(whole.values):
            raise ValueError(f"the storage {key!r} is of two kinds or sizes")
        return whole

    return load(PickleMachine(_member(path, data, members[inside[0]]), str(path), storage))


def _member(path: Path, data: memoryview, member: zipfile.ZipInfo) -> memoryview:
    """The bytes of a stored member, as a view of the mapped file."""
    if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
        raise SourceError(
            f"Expected {path} to be as torch.save wrote it, but {member.filename!r} is compressed; "
            "load and save it again where it comes from."
        )
    head = bytes(data[member.header_offset : member.header_offset + 30])
    start = member.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    if head[:4] != _ZIP or start + member.file_size > len(data):
        raise _damaged(path, f"{member.filename!r} reaches beyond the end")
    content = data[start : start + member.file_size]
    if _checksum(content) != member.CRC:
        raise _damaged(path, f"the checksum of {member.filename!r} is wrong")
    return content


def _checksum(content: memoryview) -> int:
    checksum = 0
    for start in range(0, len(content), CHECKED_BYTES):
        checksum = zlib.crc32(content[start : start + CHECKED_BYTES], checksum)
        let_go(content)
    return checksum


def _read_old(data: memoryview, at: int, where: str) -> Any:
    """The form before PyTorch 1.6: the storages follow the object that mentions them, so it is read twice."""
    mentioned: dict[str, tuple[str, int]] = {}

    def note(identity: Any) -> Storage:
        kind, key, count = _storage_identity(identity)
        mentioned[key] = (kind, count)
        return Storage(np.broadcast_to(np.zeros(1, _KINDS[kind]), (count,)))

    machine = PickleMachine(data, where, note)
    machine.at = at
    if load(machine) != _OLD_PROTOCOL or not isinstance(load(machine), dict):
        raise SourceError(f"Expected {where} to be a file of torch.save, but its head is damaged; save it again.")
    start = machine.at
    load(machine)
    storages = _old_storages(machine, mentioned, where)
    again = PickleMachine(data, where, lambda identity: storages[_storage_identity(identity)[1]])
    again.at = start
    return load(again)


def _old_storages(machine: PickleMachine, mentioned: dict[str, tuple[str, int]], where: str) -> dict[str, Storage]:
    keys = load(machine)
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(mentioned):
        raise SourceError(f"Expected {where} to list its storages, but it is damaged; copy or download it again.")
    storages: dict[str, Storage] = {}
    try:
        for key in keys:
            kind, count = mentioned[key]
            if machine.unsigned(8) != count:
                raise ValueError(f"the storage {key!r} has another size than announced")
            storages[key] = _storage(machine.bytes(count * np.dtype(_KINDS[kind]).itemsize), kind, count)
    except DAMAGE as fault:
        raise _damaged(where, str(fault)) from None
    return storages


def _storage_identity(identity: Any) -> tuple[str, str, int]:
    """(kind of number, key, count) of a persistent id of `torch.save`; anything else is refused."""
    if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
        raise ValueError("it asks for an object outside the file")
    _, kind, key, _, count = identity[:5]
    name = kind.name.removesuffix("Storage") if type(kind) is Name else ""
    if name not in _KINDS or type(key) is not str or type(count) is not int or not 0 <= count < 2**48:
        raise ValueError("it asks for a storage of an unknown kind")
    return name, key, count


def _storage(content: memoryview, kind: str, count: int) -> Storage:
    values = np.frombuffer(content, _KINDS[kind])
    if len(values) < count:
        raise ValueError(f"a storage declares {count:,} numbers and holds {len(values):,}")
    if kind == "BFloat16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return Storage(values[:count])


def _damaged(where: object, fault: str) -> SourceError:
    return SourceError(f"Expected {where} to be a sound file of torch.save, but {fault}; copy or download it again.")
