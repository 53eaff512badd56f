"""Files in any `pyarrow.fs` file system, each written whole or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.fs as pafs

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store.backends.folder import Folder
from enrich.store.backends.group import is_closed
from enrich.store.backends.layout import TEMPORARY, temporary_name
from enrich.store.backends.protocol import MISSING, Buffer, Missing

KINDS: Final = ("entries", "used", "records", "kept")

# Object stores show an object when its upload has ended; other file systems show a half-written file.
_WHOLE_OBJECTS = frozenset({"s3", "gcs", "abfs"})


class ArrowFiles:
    """The files of one folder of a file system, in a folder for each kind.

    Parameters
    ----------
    fs: the file system.
    path: the folder: "bucket/folder".
    """

    def __init__(self, fs: pafs.FileSystem, path: str) -> None:
        _check_path(fs, path)
        self._fs = fs
        self.local = fs.type_name == "local"
        """Is it a folder of this host?"""
        self.path = Path(path).expanduser().absolute().as_posix() if self.local else path.rstrip("/")
        self._folder: Folder | None = None
        self._whole = fs.type_name in _WHOLE_OBJECTS

    @property
    def where(self) -> str:
        """The kind of file system, and the path."""
        return f"{self._fs.type_name}://{self.path}"

    def open(self) -> None:
        """Make the folder, where there are any, and ask whether it can be used."""
        if self.local:
            # Arrow's own leaves it to the umask who may look in.
            try:
                self._folder = Folder(self.path)
            except StoreUnavailableError as error:
                raise self._unavailable(error.__cause__ or error) from error
        with self._asking():
            self._make("")
            self._fs.get_file_info(self.path)

    def _make(self, sub: str) -> None:
        if self._folder is not None:
            self._folder.make(sub)
        elif not self._whole:
            self._fs.create_dir(f"{self.path}/{sub}", recursive=True)

    @property
    def private(self) -> bool:
        """Is it a folder of this host in which nobody else can read or write?"""
        if not self.local or not Folder(self.path).private:
            return False
        return is_closed(self.path) or all(is_closed(f"{self.path}/{kind}") for kind in KINDS)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: BaseException) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"{self.where} can't be used ({error}). Is the address right, and may this host read and write there?"
        )

    def place(self, kind: str, name: str) -> str:
        """Return the path of a file."""
        return f"{self.path}/{kind}/{name[:2]}/{name}"

    def read(self, path: str) -> bytes | Missing:
        """Return what a file holds."""
        with self._asking():
            try:
                with self._fs.open_input_file(path) as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return MISSING

    def write(self, path: str, buffers: Sequence[Buffer]) -> None:
        """Write a file, in place of the one that is there; on failure that one stays."""
        with self._asking():
            if self._whole:
                self._upload(path, buffers)
                return
            self._make(path.removeprefix(f"{self.path}/").rpartition("/")[0])
            target = f"{path}{temporary_name()}"
            try:
                self._upload(target, buffers)
                self._fs.move(target, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    self._fs.delete_file(target)
                raise

    def _upload(self, path: str, buffers: Sequence[Buffer]) -> None:
        with self._fs.open_output_stream(path) as stream:
            for buffer in buffers:
                stream.write(buffer)

    def size(self, path: str) -> int | None:
        """Return how long a file is; None when there is none."""
        with self._asking():
            found = self._fs.get_file_info(path)
        return int(found.size) if found.type == pafs.FileType.File else None

    def last_written(self, *paths: str) -> float:
        """Return when the latest written of some files was, in seconds since the epoch; 0 when none is there."""
        with self._asking():
            found = self._fs.get_file_info(list(paths))
        return max((info.mtime.timestamp() for info in found if info.type == pafs.FileType.File), default=0.0)

    def remove(self, path: str) -> bool:
        """Remove a file; was it there?"""
        with self._asking():
            if self._fs.get_file_info(path).type != pafs.FileType.File:
                return False
            try:
                self._fs.delete_file(path)
            except FileNotFoundError:
                return False
            return True

    def listed(self, kind: str) -> Iterator[pafs.FileInfo]:
        """List the files of one kind."""
        return (info for info in self._found(kind) if TEMPORARY not in info.base_name)

    def drop_unfinished(self, before: float) -> None:
        """Remove what writers that were killed before this time have left."""
        if self._whole:
            return
        for kind in KINDS:
            for info in self._found(kind):
                if TEMPORARY in info.base_name and info.mtime.timestamp() < before:
                    self.remove(info.path)

    def _found(self, kind: str) -> list[pafs.FileInfo]:
        selector = pafs.FileSelector(f"{self.path}/{kind}", allow_not_found=True, recursive=True)
        with self._asking():
            try:
                return [info for info in self._fs.get_file_info(selector) if info.type == pafs.FileType.File]
            except FileNotFoundError:  # somebody removes the folder meanwhile
                return []


def _check_path(fs: pafs.FileSystem, path: str) -> None:
    is_text = isinstance(path, str) and path.strip("/")
    if is_text and "://" not in path and not (fs.type_name in _WHOLE_OBJECTS and path.startswith("/")):
        return
    example = '"/srv/values"' if fs.type_name == "local" else '"bucket/folder"'
    raise StoreConfigError(
        f"ArrowFSBackend(path={path!r}): give the place in the {fs.type_name} file system, without a scheme: {example}."
    )
