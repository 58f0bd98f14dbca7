"""Archives of every kind that users bring (contract files.md 5), unpacked by the route. Kinds that nothing here can
write are made by hand: their stored forms are a few headers around the bytes."""
from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest

from support.files import Files

# A folder with room for what archives get wrong: an empty file, one longer than any block, names of any script.
TREE = {
    "top.txt": b"top",
    "none": b"",
    "world/level.dat": bytes(range(256)) * 1000,
    "\u00e9t\u00e9/\u732b.txt": b"cat",
    "/".join(["a rather long name of a folder"] * 6) + "/deep": b"deep",
}


def tar(form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in TREE.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zipped(method: int, zip64: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in TREE.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method if data else zipfile.ZIP_STORED  # as every packer does
            with archive.open(info, "w", force_zip64=zip64) as member:
                member.write(data)
    return out.getvalue()


def streamed_zip() -> bytes:
    """As written to a pipe: sizes come behind the bytes."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.bytes = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.bytes += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in TREE.items():
            archive.writestr(name, data)
    return pipe.bytes


def rar4() -> bytes:
    def block(head: bytes) -> bytes:
        return struct.pack("<H", zlib.crc32(head) & 0xffff) + head

    out = b"Rar!\x1a\x07\x00" + block(struct.pack("<BHH6x", 0x73, 0, 13))
    for name, data in TREE.items():
        raw = name.encode()
        out += block(struct.pack("<BHHIIBIIBBHI", 0x74, 0x8000, 32 + len(raw), len(data), len(data), 3,
                                 zlib.crc32(data), 0x449c5a21, 20, 0x30, len(raw), 0o100644) + raw) + data
    return out + block(struct.pack("<BHH", 0x7b, 0x4000, 7))


def rar5() -> bytes:
    def number(value: int) -> bytes:
        out = b""
        while value > 0x7f:
            out, value = out + bytes([value & 0x7f | 0x80]), value >> 7
        return out + bytes([value])

    def block(head: bytes) -> bytes:
        counted = number(len(head)) + head
        return struct.pack("<I", zlib.crc32(counted)) + counted

    out = b"Rar!\x1a\x07\x01\x00" + block(number(1) + number(0) + number(0))
    for name, data in TREE.items():
        raw = name.encode()
        out += block(number(2) + number(2) + number(len(data)) + number(6) + number(len(data)) + number(0o100644) +
                     struct.pack("<II", 1_400_000_000, zlib.crc32(data)) + number(0) + number(1) + number(len(raw)) +
                     raw) + data
    return out + block(number(5) + number(0) + number(0))


def seven_zip() -> bytes:
    """One folder of stored bytes; the header is not packed either."""

    def number(value: int) -> bytes:
        return bytes([value]) if value < 0x80 else b"\xf0" + struct.pack("<I", value)

    def bits(flags: list[bool]) -> bytes:
        out = bytearray((len(flags) + 7) // 8)
        for at, flag in enumerate(flags):
            out[at // 8] |= (0x80 >> at % 8) * flag
        return bytes(out)

    full = [data for data in TREE.values() if data]
    packed = b"".join(full)
    streams = (b"\x04\x06" + number(0) + number(1) + b"\x09" + number(len(packed)) + b"\x00"  # where the bytes are
               b"\x07\x0b" + number(1) + b"\x00" + number(1) + b"\x01\x00" + b"\x0c" + number(len(packed)) + b"\x00"
               b"\x08\x0d" + number(len(full)) + b"\x09" + b"".join(number(len(data)) for data in full[:-1]) +
               b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(data)) for data in full) + b"\x00\x00")
    empty = bits([not data for data in TREE.values()])
    names = b"\x00" + b"".join(name.encode("utf-16-le") + b"\x00\x00" for name in TREE)
    nothing = bits([True] * (len(TREE) - len(full)))
    files = (b"\x05" + number(len(TREE)) + b"\x0e" + number(len(empty)) + empty +
             b"\x0f" + number(len(nothing)) + nothing + b"\x11" + number(len(names)) + names + b"\x00")
    header = b"\x01" + streams + files + b"\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def lz(data: bytes) -> bytes:
    coder = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}
    body = lzma.compress(data, lzma.FORMAT_RAW, filters=[coder])
    return b"LZIP\x01\x14" + body + struct.pack("<IQQ", zlib.crc32(data), len(data), 6 + len(body) + 20)


def br(data: bytes) -> bytes:
    """Blocks that are stored, in a window of 64 KiB."""
    out, first = b"", True
    for at in range(0, len(data), 65536):
        piece = data[at:at + 65536]
        head = (len(piece) - 1) << 3 | 1 << 19  # not the last, four nibbles of length, stored
        out += (head << 1 if first else head).to_bytes(3, "little") + piece
        first = False
    return out + b"\x03"


def sz(data: bytes) -> bytes:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    out = b"\xff\x06\x00\x00sNaPpY"
    for at in range(0, len(data), 65536):
        piece, crc = data[at:at + 65536], 0xffffffff
        for byte in piece:
            crc = crc >> 8 ^ table[(crc ^ byte) & 0xff]
        crc ^= 0xffffffff
        masked = ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff
        out += b"\x01" + (len(piece) + 4).to_bytes(3, "little") + struct.pack("<I", masked) + piece
    return out


def zst(data: bytes) -> bytes:
    """Stored blocks of 128 KiB at most."""
    pieces = [data[at:at + 131072] for at in range(0, len(data), 131072)]
    blocks = b"".join((len(piece) << 3 | (at == len(pieces) - 1)).to_bytes(3, "little") + piece
                      for at, piece in enumerate(pieces))
    return struct.pack("<IBB", 0xfd2fb528, 0, 0x58) + blocks  # a window of 2 MiB


def lz4(data: bytes) -> bytes:
    """Stored blocks of 64 KiB at most; the head's checksum is that of these two bytes."""
    blocks = b"".join(struct.pack("<I", len(piece) | 0x80000000) + piece
                      for piece in (data[at:at + 65536] for at in range(0, len(data), 65536)))
    return struct.pack("<I", 0x184d2204) + b"\x60\x40\x82" + blocks + struct.pack("<I", 0)


COMPRESSIONS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zz": zlib.compress, "lz": lz, "br": br,
                "sz": sz, "zst": zst, "lz4": lz4}
ARCHIVES = {
    "ustar.tar": lambda: tar(tarfile.USTAR_FORMAT), "gnu.tar": lambda: tar(tarfile.GNU_FORMAT), "pax.tar": tar,
    "stored.zip": lambda: zipped(zipfile.ZIP_STORED), "deflated.zip": lambda: zipped(zipfile.ZIP_DEFLATED),
    "bzip2.zip": lambda: zipped(zipfile.ZIP_BZIP2), "lzma.zip": lambda: zipped(zipfile.ZIP_LZMA),
    "64.zip": lambda: zipped(zipfile.ZIP_DEFLATED, zip64=True), "streamed.zip": streamed_zip,
    "four.rar": rar4, "five.rar": rar5, "a.7z": seven_zip,
    **{f"a.tar.{ending}": (lambda packed=packed: packed(tar())) for ending, packed in COMPRESSIONS.items()},
    **{f"a.t{ending}": (lambda packed=COMPRESSIONS[ending]: packed(tar())) for ending in ("gz", "bz2", "xz")},
}


def tree(files: Files, folder: str) -> dict[str, bytes]:
    root = files.volume / folder
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_every_kind_of_archive_is_unpacked_whole(files):  # noqa: F811
    for name, make in ARCHIVES.items():
        (files.volume / name).write_bytes(make())
        folder = f"out of {name}"
        (files.volume / folder).mkdir()
        answer = files.post("decompress", {"root": f"/{folder}", "file": f"../{name}"})
        assert answer.status_code == 204, (name, answer.text, files.node.output)
        assert tree(files, folder) == TREE, name


@pytest.mark.parametrize("form", ["plain", "in capitals"])
def test_a_single_compressed_file_is_unpacked_beside_it(files, form):  # noqa: F811
    for ending, packed in COMPRESSIONS.items():
        text = ending.encode() * 50_000
        name = f"notes {ending}.txt.{ending.upper() if form == 'in capitals' else ending}"
        (files.volume / name).write_bytes(packed(text))
        answer = files.post("decompress", {"root": "/", "file": name})
        assert answer.status_code == 204, (name, answer.text)
        assert (files.volume / f"notes {ending}.txt").read_bytes() == text, name


def test_names_of_an_old_zip_stay_the_bytes_they_are(files):  # noqa: F811
    name = "\u00e9t\u00e9.txt".encode("cp437")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("?t?.txt", b"old")
    (files.volume / "old.zip").write_bytes(out.getvalue().replace(b"?t?.txt", name))
    assert files.post("decompress", {"root": "/", "file": "old.zip"}).status_code == 204
    assert name in [path.name.encode("utf-8", "surrogateescape") for path in files.volume.iterdir()]


@pytest.mark.parametrize("name", ["four.rar", "five.rar", "a.7z", "deflated.zip", "a.tar.gz", "a.tar.zst", "a.tar.lz"])
def test_an_archive_that_is_cut_off_is_a_failure_and_not_a_smaller_one(files, name):  # noqa: F811
    whole = ARCHIVES[name]()
    (files.volume / name).write_bytes(whole[:len(whole) * 2 // 3])
    answer = files.post("decompress", {"root": "/", "file": name})
    assert answer.status_code in (400, 500), answer.text
    assert files.get("list-directory", directory="/").status_code == 200
