"""HDF5 files of named arrays and attributes, and nothing that they may lead to.

A file that `write_arrays` wrote begins with a block of 512 bytes that HDF5 passes over:
`MAGIC` and the SHA-256 of the rest. It is compared before HDF5 opens the file, because
HDF5 itself may crash, or never end, where its tables are damaged. Files of earlier
versions begin with HDF5's own signature, and are read without.

Of any file, only what lies in it is read: no link to another name or file, no external
storage, no virtual array, and no more bytes than the file can hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import mmap
import os
import pickle
import resource
import stat
import warnings
from pathlib import Path
from reprlib import repr as _short
from typing import Any, Callable, Collection, Iterator, Mapping

import h5py
import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, atomic_path, sha256

# The format of HDF5 1.10 has checksums over its structure; reading a damaged file of
# the older default may never end. The values get a checksum in `write_arrays`.
_LIBVER = ("v110", "v110")

MAGIC = b"srcnn_theano HDF5 1\n"
_BLOCK = 512
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_HEAP = b"GCOL\x01"

# VGG16 takes 553 MB in float32. Filtered arrays may be larger than their file.
_MOST_FILTERED = 1 << 30
_MOST_OBJECTS = 10000
_MOST_DEPTH = 16
_MOST_ATTRIBUTES = 64
# gzip, shuffle and the checksum of chunks; others may be programs of their own.
_FILTERS = frozenset(
    [h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32]
)

# Earlier versions of HDF5 crash where tables of names are damaged; this one says so.
_STEADY = (2, 0, 0)
_SECONDS = 60  # of the processor, for reading a file; 550 MB take a second

# What HDF5 and h5py raise on a damaged file, depending on the place of the damage.
_ERRORS = (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError)

# --- Our own files ---


def write_arrays(
    path: PathLike, attributes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write attributes and arrays (mappings by name) to an HDF5 file, in one step.

    Equal contents give equal bytes, but for the second of writing, which older h5py
    (3.11) puts into the root group.

    Raises
    ------
    UserError
        The folder cannot be written, or the disk is full.
    """
    # Made in memory: HDF5 itself may crash when the disk is full.
    content = io.BytesIO()
    with h5py.File(content, "w", libver=_LIBVER, userblock_size=_BLOCK) as file:
        file.attrs.update(attributes)
        file.attrs["sha256"] = arrays_sha256(arrays)
        for name, array in sorted(arrays.items()):
            # Without modification times, which would differ from run to run.
            file.create_dataset(name, data=array, track_times=False)
    # Not getbuffer: Python 3.12.1 crashes when a failed write leaves that to the
    # garbage collector.
    body = memoryview(content.getvalue())[_BLOCK:]
    with atomic_path(path) as temporary:
        with temporary.open("wb") as stream:
            stream.write(block_for(hashlib.sha256(body).hexdigest()))
            stream.write(body)


def block_for(checksum: str) -> bytes:
    """The bytes before those that have the SHA-256 `checksum`."""
    return (MAGIC + checksum.encode("ascii") + b"\n").ljust(_BLOCK, b"\0")


def read_arrays(
    path: PathLike, cure: str, names: Collection[str] | None = None, kinds: str = "f"
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file that `write_arrays` wrote: (attributes, arrays).

    Parameters
    ----------
    path : path
    cure : str
        The advice about a damaged file in the message.
    names : collection of str, optional
        The arrays to read, as far as the file has them.
    kinds : str
        NumPy's letters of the types that the arrays may have: floats, 'f'.

    Raises
    ------
    UserError
        Not an HDF5 file, truncated or damaged; an array is of another kind, or would
        come from elsewhere.
    """
    try:
        attributes, arrays = apart(_read, path, names, kinds)
        checksum = attributes.pop("sha256", None)
        if names is None and checksum not in (None, arrays_sha256(arrays)):
            raise ValueError("its values do not have the checksum it names")
    except _ERRORS as error:
        raise UserError(
            f"{path}: damaged, or not an HDF5 file of srcnn_theano ({error}); {cure}"
        ) from error
    return attributes, arrays


def _read(
    path: PathLike, names: Collection[str] | None, kinds: str
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    with opened(path) as file:
        attributes = words(file)
        present = datasets(file)
        for name in present:
            _refuse_other_kinds(name, present[name], kinds)
        wanted = [name for name in present if names is None or name in names]
        return attributes, {name: np.asarray(file[name]) for name in wanted}


def _refuse_other_kinds(name: str, dataset: Any, kinds: str) -> None:
    if dataset.get_create_plist().get_nfilters():
        raise ValueError(f"{_short(name)} is compressed or filtered")
    if dataset.dtype.kind not in kinds or dataset.dtype.itemsize > 8:
        raise ValueError(f"{_short(name)} holds values of the type {dataset.dtype}")


def arrays_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """One checksum of all arrays, in the order of their names."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode("utf-8"))
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()


# --- Any file ---


def apart(read: Callable[..., Any], *arguments: Any) -> Any:
    """`read(*arguments)`; in a process of its own where HDF5 may crash.

    What damaged tables do to the memory there ends with that process.

    Raises
    ------
    ValueError
        The process was ended by a signal, or took too long.
    """
    if h5py.version.hdf5_version_tuple >= _STEADY:
        return read(*arguments)
    receiver, sender = os.pipe()
    with warnings.catch_warnings():
        # Of threads that the child does not have; it needs none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _answer(sender, read, *arguments)
    os.close(sender)
    try:
        with os.fdopen(receiver, "rb") as stream:
            result, error = pickle.load(stream)
    except (EOFError, pickle.UnpicklingError):
        raise ValueError("HDF5 cannot read it; its tables are damaged") from None
    finally:
        os.waitpid(child, 0)
    if error is not None:
        raise error
    return result


def _answer(sender: int, read: Callable[..., Any], *arguments: Any) -> None:
    """Write (result, error) of a call to a pipe, and end this process."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # for last words of the C library
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            # The user's own limit may be lower, and cannot be raised.
            most = resource.getrlimit(resource.RLIMIT_CPU)[1]
            unlimited = most == resource.RLIM_INFINITY
            seconds = _SECONDS if unlimited else min(_SECONDS, most)
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, most))
            answer: tuple[Any, Any] = read(*arguments), None
        except Exception as error:
            answer = None, error
        with os.fdopen(sender, "wb") as stream:
            pickle.dump(answer, stream, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


@contextlib.contextmanager
def opened(path: PathLike) -> Iterator[h5py.File]:
    """An HDF5 file to read, which is as it was written as far as it says so.

    Raises
    ------
    ValueError
        Not a regular file, not HDF5, or the checksum before it is of other bytes.
    OSError
        It is not there, or HDF5 cannot read it.
    """
    # Looked at before it is opened: opening a FIFO would wait for ever.
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise ValueError("it is no regular file")
    with Path(path).open("rb") as stream:
        block = stream.read(_BLOCK)
    if block.startswith(MAGIC):
        if block != block_for(sha256(path, skip=_BLOCK)):
            raise ValueError("it does not have the checksum it begins with")
    # HDF5 would look for its signature further on, too.
    elif not block.startswith(_SIGNATURE):
        raise ValueError("it does not begin with the signature of HDF5")
    _check_heaps(path)
    with h5py.File(str(path), "r") as file:
        yield file


def _check_heaps(path: PathLike) -> None:
    """Walk the heaps of words; HDF5 would never end where an entry has no length.

    A heap is ``GCOL``, a version, 3 bytes and its size (8 bytes), then entries: number
    (2 bytes), 6 bytes, length (8 bytes), and what it holds in multiples of 8 bytes.
    Entry 0 is the free space, whose length is that of the whole entry.
    """
    with Path(path).open("rb") as stream, mmap.mmap(
        stream.fileno(), 0, access=mmap.ACCESS_READ
    ) as content:
        at = content.find(_HEAP)
        while at >= 0:
            end = at + int.from_bytes(content[at + 8 : at + 16], "little")
            place = at + 16
            if not place <= end <= len(content):
                raise ValueError("a heap of words is cut short")
            while place + 16 <= end:
                number = int.from_bytes(content[place : place + 2], "little")
                length = int.from_bytes(content[place + 8 : place + 16], "little")
                step = 16 + (length + 7) // 8 * 8 if number else length
                if step < 16 or place + step > end:
                    raise ValueError("an entry in a heap of words has no right length")
                place += step
            at = content.find(_HEAP, at + 1)


def words(group: h5py.Group, names: Collection[str] | None = None) -> dict[str, Any]:
    """The attributes that are words and numbers, by name; `names` are enough.

    Raises
    ------
    ValueError
        There are too many, or one of them is neither.
    """
    count = h5py.h5a.get_num_attrs(group.id)
    if names is None and count > _MOST_ATTRIBUTES:
        raise ValueError(f"{count} attributes are too many")
    values = {}
    for name in group.attrs if names is None else set(names) & set(group.attrs):
        kind = group.attrs.get_id(name)
        is_word = kind.get_type().get_class() in (
            h5py.h5t.STRING,
            h5py.h5t.INTEGER,
            h5py.h5t.FLOAT,
        )
        is_single = kind.get_space().get_simple_extent_type() == h5py.h5s.SCALAR
        if not is_word or not is_single:
            raise ValueError(f"the attribute {_short(name)} is no word and no number")
        value = group.attrs[name]
        value = value.item() if isinstance(value, np.generic) else value
        values[name] = value.decode("utf-8") if isinstance(value, bytes) else value
    return values


def datasets(group: h5py.Group) -> dict[str, Any]:
    """The arrays below a group that may be read, by their path: low-level datasets.

    Raises
    ------
    ValueError
        A link leads to another name or file, an array lies in other files, is filtered
        by an unknown program, or is larger than the file can hold; the groups lie too
        deep, or there are too many.
    """
    size = Path(group.file.filename).stat().st_size
    arrays: dict[str, Any] = {}
    plain = filtered = n_objects = 0
    stack = [("", group.id, _MOST_DEPTH)]
    while stack:
        prefix, parent, left = stack.pop()
        for name in _own_names(parent):
            n_objects += 1
            item = h5py.h5o.open(parent, name.encode("utf-8"))
            if isinstance(item, h5py.h5d.DatasetID):
                n_bytes, is_filtered = _checked_size(prefix + name, item)
                plain += 0 if is_filtered else n_bytes
                filtered += n_bytes if is_filtered else 0
                arrays[prefix + name] = item
            elif isinstance(item, h5py.h5g.GroupID):
                stack.append((f"{prefix}{name}/", item, left - 1))
            if n_objects > _MOST_OBJECTS or left == 0:
                raise ValueError("its groups lie too deep, or hold too many arrays")
            if plain > size or filtered > _MOST_FILTERED:
                raise ValueError("its arrays would be larger than the file can hold")
    return dict(sorted(arrays.items(), key=lambda item: item[0].split("/")))


def _own_names(group: Any) -> list[str]:
    """The names in a group, all of which are its own objects."""
    names = []
    count = len(group)
    if count > _MOST_OBJECTS:
        raise ValueError(f"a group of {count} names is too large")
    for number in range(count):
        raw = group.get_objname_by_idx(number)
        name = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        name.encode("utf-8")  # a ValueError where it was not UTF-8
        if group.links.get_info(name.encode("utf-8")).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"{_short(name)} is a link to another name or file")
        names.append(name)
    return names


def _checked_size(name: str, dataset: Any) -> tuple[int, bool]:
    """(bytes of an array in memory, whether they were filtered)."""
    creation = dataset.get_create_plist()
    layout = creation.get_layout()
    # Before its shape is looked at: a virtual array that holds itself would crash.
    if layout not in (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED):
        raise ValueError(f"{_short(name)} is a virtual array of others")
    if creation.get_external_count():
        raise ValueError(f"{_short(name)} lies in other files")
    filters = [creation.get_filter(i)[0] for i in range(creation.get_nfilters())]
    unknown = set(filters) - _FILTERS
    if unknown:
        raise ValueError(f"{_short(name)} has the filter {sorted(unknown)[0]}")
    n_values = _product(dataset.shape)
    if layout == h5py.h5d.CHUNKED:
        n_values = max(n_values, _product(creation.get_chunk()))
    return n_values * dataset.get_type().get_size(), bool(filters)


def _product(lengths: Collection[int] | None) -> int:
    """Number of values; unlike NumPy's product, it never overflows."""
    product = 1
    for length in lengths or ():
        product *= int(length)
    return product
