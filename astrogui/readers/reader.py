"""What a reader is, the headers that all readers share, and the way from a path to a record."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import warnings
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from astrogui.errors import (
    Ambiguous,
    Damaged,
    FileProblem,
    NotRecognised,
    TooLarge,
    Unreadable,
)
from astrogui.records.source import Kind, Source

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header

    from astrogui.readers.fits_structure import Hdu

MAX_UNPACKED_BYTES = 2 << 30
SMALL_PACKED_BYTES = 4 << 20  # compressed files below are unpacked once and kept
LARGE_CONTENT_BYTES = 1 << 25
SMALL_FILE_BYTES = 1 << 20  # whose head is kept for whoever reads the file next
_CHUNK = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS  # one member, its length and checksum compared
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r")


class Head:
    """A file opened once for all readers: its first bytes, its FITS headers, its HDF5 names.

    ``path`` may end in ``[EXT]`` to name an extension; ``part`` then holds EXT. Compressed files
    (gzip, bzip2, xz) are unpacked and checked to their end first: ``data_path`` is what to parse.
    """

    def __init__(self, path: str, options: dict[str, str] | None = None) -> None:
        self.given = path
        self.path, self.part = split_part(path)
        self.options = dict(options or {})
        self._check_access()
        with open(self.path, "rb") as file:
            self.start = file.read(4096)
        self.size_bytes = os.path.getsize(self.path)
        if self.size_bytes == 0:
            raise Damaged(self.path, "byte 0", "the file is empty", "Fetch it again.")

    def _check_access(self) -> None:
        if os.path.isdir(self.path):
            raise Unreadable(self.path, "", "this is a directory", "Give the files in it.")
        if not os.path.exists(self.path):
            raise Unreadable(self.path, "", "there is no such file", "Check the name.")
        if not os.path.isfile(self.path):
            raise Unreadable(self.path, "", "this is no regular file", "Give a file on disk.")
        if not os.access(self.path, os.R_OK):
            raise Unreadable(
                self.path, "", "no permission to read it", "Ask the owner for permission."
            )

    @cached_property
    def sha256(self) -> str:
        """Hash of the file as it lies on disk; kept while the file is the same."""
        state = os.stat(self.path)
        return _sha256(self.path, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)

    @cached_property
    def compression(self) -> str:
        """ "gzip", "bzip2", "xz" or "" by the magic bytes."""
        for magic, name in ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz")):
            if self.start.startswith(magic):
                return name
        return ""

    def chunks(self) -> Iterator[bytes]:
        """The unpacked bytes piece by piece; raises ``Damaged`` when cut, ``TooLarge`` beyond."""
        if "content" in self.__dict__:
            yield self.content
            return
        openers: dict[str, Any] = {
            "": open,
            "gzip": gzip.open,
            "bzip2": bz2.open,
            "xz": lzma.open,
        }
        total = 0
        try:
            with openers[self.compression](self.path, "rb") as file:
                while chunk := file.read(_CHUNK):
                    total += len(chunk)
                    if total > MAX_UNPACKED_BYTES:
                        raise TooLarge(
                            self.path,
                            f"byte {total}",
                            f"the content is larger than {MAX_UNPACKED_BYTES >> 30} GiB",
                            "Unpack it by hand or cut out what is wanted.",
                        )
                    yield bytes(chunk)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise Damaged(
                self.path,
                f"{self.compression or 'file'}, after {total} bytes",
                f"the data are cut or broken ({error})",
                "Fetch the file again.",
            ) from error

    @cached_property
    def content(self) -> bytes:
        """All unpacked bytes, in memory; raises as ``chunks`` does."""
        try:
            unpacked = self._unpacked_at_once() or b"".join(self.chunks())
            if len(unpacked) > LARGE_CONTENT_BYTES:
                _last_head.cache_clear()  # not to be held for a next reader
            return unpacked
        except MemoryError as error:
            raise TooLarge(
                self.path, "", "there is not enough memory to unpack it", "Unpack it by hand."
            ) from error

    def _unpacked_at_once(self) -> bytes:
        """A small and sound gzip file, at half the cost; b"" where the slower way is to tell."""
        if self.compression != "gzip" or self.size_bytes >= SMALL_PACKED_BYTES:
            return b""
        unpacker = zlib.decompressobj(wbits=_GZIP)
        try:
            with open(self.path, "rb") as file:
                unpacked = unpacker.decompress(file.read(self.size_bytes), LARGE_CONTENT_BYTES)
        except (OSError, zlib.error):
            return b""
        return unpacked if unpacker.eof and not unpacker.unused_data else b""

    @cached_property
    def first(self) -> bytes:
        """The first 4096 unpacked bytes."""
        if not self.compression:
            return self.start
        if self.size_bytes < SMALL_PACKED_BYTES:
            return self.content[:4096]
        return next(self.chunks(), b"")[:4096]

    @property
    def is_fits(self) -> bool:
        return self.first.startswith(b"SIMPLE  =")

    @property
    def is_hdf5(self) -> bool:
        return self.first.startswith(b"\x89HDF\r\n\x1a\n")

    @property
    def is_gwf(self) -> bool:
        return self.first.startswith(b"IGWD\x00")

    @property
    def is_text(self) -> bool:
        """Plain text, as far as the first bytes tell."""
        sample = self.first
        if not sample or b"\x00" in sample:
            return False
        return len(sample.translate(None, _CONTROL)) / len(sample) > 0.97

    def open_fits(self) -> HDUList:
        """The FITS file, lazily read, checks on; close it. Raises ``Damaged``."""
        from astropy.io import fits

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if self.compression:
                    return fits.HDUList.fromstring(self.content)
                return fits.open(self.path, memmap=False, lazy_load_hdus=True)
        except Exception as error:
            raise damaged(self.path, "FITS header", error) from error

    @cached_property
    def fits_hdus(self) -> tuple[Hdu, ...]:
        """Headers and places of all HDUs, sizes checked; raises ``Damaged`` or ``TooLarge``."""
        from astrogui.readers.fits_structure import checked_hdus

        return checked_hdus(self)

    @cached_property
    def fits_headers(self) -> tuple[Header, ...]:
        """The headers of all HDUs, sizes checked against the file; raises ``Damaged``."""
        from astrogui.readers.fits_structure import checked_headers

        return checked_headers(self)

    @cached_property
    def hdf5_names(self) -> frozenset[str]:
        """All groups and data sets of the HDF5 file; raises ``Damaged``, also for links out."""
        from astrogui.readers.hdf5_structure import member_names

        return member_names(self.path)

    def hdf5_has(self, *names: str) -> bool:
        """Whether all these datasets or groups are in the HDF5 file; never follows links out."""
        return self.is_hdf5 and self.hdf5_names.issuperset(names)

    def source(self, reader: Reader, **fields: Any) -> Source:
        """A source of this file with what all sources share filled in."""
        return Source(
            path=self.path,
            kind=reader.kind,
            format=reader.name,
            sha256=self.sha256,
            size_bytes=self.size_bytes,
            options=tuple(sorted(self.options.items())),
            **fields,
        )


class Reader(ABC):
    """One format. ``claims`` looks at shared headers and never raises anything but FileProblem."""

    name: str
    version: str = "1"
    kind: Kind
    generic: bool = False  # generic readers are asked only after specific ones decline

    @abstractmethod
    def claims(self, head: Head) -> bool:
        """Whether the content is of this format."""

    @abstractmethod
    def sources(self, head: Head) -> Sequence[Source]:
        """One source per observation in the file; raises ``FileProblem``."""

    @abstractmethod
    def read(self, source: Source) -> Any:
        """The record; raises ``FileProblem``."""


def head_of(path: str, options: dict[str, str] | None = None) -> Head:
    """The head of a file, the same one while the file is: recognised, it is read by the next."""
    place, _ = split_part(path)
    try:
        state = os.stat(place)
    except OSError:
        return Head(path, options)  # which says what is wrong
    if state.st_size >= SMALL_FILE_BYTES:
        return Head(path, options)
    chosen = tuple(sorted((options or {}).items()))
    times = (state.st_mtime_ns, state.st_ctime_ns)
    return _last_head(path, chosen, state.st_ino, state.st_size, *times)


@lru_cache(maxsize=1)
def _last_head(path: str, options: tuple[tuple[str, str], ...], *state: int) -> Head:
    """``state`` tells one content of the file from another."""
    del state
    return Head(path, dict(options))


@lru_cache(maxsize=16)  # each plane of a cube that is played asks for that of the whole file
def _sha256(path: str, *state: int) -> str:
    """``state`` tells one content of the file from another."""
    del state
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def split_part(path: str) -> tuple[str, str]:
    """``file.fits[SCI]`` as path and part; a bracket that belongs to the name is kept."""
    if path.endswith("]") and "[" in path and not os.path.exists(path):
        stem, _, part = path[:-1].rpartition("[")
        return stem, part
    return path, ""


def damaged(path: str, place: str, error: BaseException) -> FileProblem:
    """What a library raised, as a problem of the file. FileProblems pass unchanged."""
    if isinstance(error, FileProblem):
        return error
    text = " ".join(str(error).split())[:200] or type(error).__name__
    return Damaged(
        path, place, f"the content is broken ({text})", "Fetch the file again or check its writer."
    )


def recognise(
    path: str, readers: Sequence[Reader], options: dict[str, str] | None = None
) -> tuple[Source, ...]:
    """The observations in a file. Raises ``FileProblem``: exactly one reader must claim it."""
    head = head_of(path, options)
    for generic in (False, True):
        claiming = [r for r in readers if r.generic == generic and r.claims(head)]
        if len(claiming) > 1:
            names = " and ".join(reader.name for reader in claiming)
            raise Ambiguous(head.path, "", f"both {names} claim it", "Report this file.")
        if claiming:
            sources = tuple(claiming[0].sources(head))
            if not sources:
                raise NotRecognised(
                    head.path, "", f"{claiming[0].name} without an observation", "Check the file."
                )
            return sources
    raise NotRecognised(head.path, "", what_it_looks_like(head), "See the list of formats in Help.")


def what_it_looks_like(head: Head) -> str:
    """Words for a file that no reader claims."""
    text = head.first.lstrip()[:200].lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head")):
        return "this is a web page, probably an error message saved under a file's name"
    if text.startswith(b"version https://git-lfs"):
        return "this is a Git LFS pointer, not the file itself"
    if head.first.startswith(b"PK\x03\x04"):
        return "a ZIP or NumPy archive, in which no observation is described"
    if head.is_fits:
        from astrogui.readers.fits_structure import contents

        return (
            "a FITS file without an image, spectrum or strain in a layout that is known "
            f"({contents(head.fits_hdus)})"
        )
    if head.is_hdf5:
        return "an HDF5 file in a layout that is not known"
    return "the content is of no known format"


def reader_named(source: Source, readers: Sequence[Reader]) -> Reader:
    """The reader that recognised a source; raises ``NotRecognised`` where it is none of these."""
    for reader in readers:
        if reader.name == source.format:
            return reader
    raise NotRecognised(
        source.path,
        "",
        f"it was recognised as {source.format!r}, which this version does not read",
        "Use the version that made the project, or add the file again.",
    )


def each_line(content: bytes) -> Iterator[str]:
    """Lines of text, whatever the encoding and line ends."""
    yield from content.decode("utf-8", errors="replace").splitlines()
