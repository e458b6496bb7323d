"""One picture at a time through a network, watched from the page."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import traceback
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

from srcnn_theano.data.degradation import from_float, imresize_region
from srcnn_theano.data.images import (
    GIB,
    Picture,
    n_pixels,
    read_picture,
    write_picture,
)
from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.ranges import MEMORY
from srcnn_theano.streams import say
from srcnn_theano.upscale.picture import load_upscaler, upscale_picture
from srcnn_theano.upscale.plan import Job, shortened

# Rows and columns of the results that the page shows, from the middle.
SHOWN = (1200, 1600)
# The folders of an absolute path.
_FOLDERS = re.compile(r"(?<![\w./:])/(?:[^\s/:;,()'\"]+/)+")


class Busy(UserError):
    """Another picture is being enlarged."""


class Network(NamedTuple):
    """What the page offers by a name."""

    options: dict[str, Any]  # of `load_upscaler`
    scales: tuple[int, ...] = SCALES


class Wish(NamedTuple):
    """What the page asked for."""

    name: str  # of the file, as the browser calls it
    network: str
    scale: int
    format: str  # a suffix: ".png"


class Task:
    """A picture on its way.

    Attributes
    ----------
    token : str
        What the page calls it by; nobody can guess it.
    state : 'running', 'done' or 'failed'
    n_done, n_tiles : int
    error : str
        What was wrong with the picture, for people.
    notes : list of str
        What the result does not hold of the picture, for people.
    size : (rows, cols) of the result
    """

    def __init__(self, wish: Wish, source: Path) -> None:
        self.token = secrets.token_urlsafe(16)
        self.wish, self.source = wish, source
        self.state = "running"
        self.n_done, self.n_tiles = 0, 0
        self.error = ""
        self.notes: list[str] = []
        self.size = (0, 0)
        self.result = source.with_name(f"result{wish.format}")
        self.before = source.with_name("before.png")
        self.after = source.with_name("after.png")

    @property
    def download_name(self) -> str:
        """What the browser should call the result."""
        stem = Path(self.wish.name.replace("\\", "/")).stem or "picture"
        return shortened(stem, f"_x{self.wish.scale}{self.wish.format}")

    def note(self, job: Job, note: str) -> None:
        """As `upscale_picture` tells it."""
        self.notes.append(f"{self.wish.name}: {note}")

    def in_its_words(self, text: str, *places: Path) -> str:
        """A message with names that the page knows, and no folder of this machine.

        Parameters
        ----------
        text : str
        places : paths
            Other files that it may name.
        """
        for path in (self.before, self.after, self.result):
            text = text.replace(str(path), self.download_name)
        text = text.replace(str(self.source), self.wish.name)
        for path in places:
            text = text.replace(str(path), path.name)
        # An option of the command, and none of the page.
        text = text.replace("allow it with", "use `srcnn-theano upscale` with")
        # What else there may be: the cache of compiled code, say.
        return _FOLDERS.sub("", text)

    def as_dict(self) -> dict[str, Any]:
        """What the page may know."""
        return {
            "token": self.token,
            "state": self.state,
            "done": self.n_done,
            "tiles": self.n_tiles,
            "error": self.error,
            "notes": self.notes,
            "rows": self.size[0],
            "cols": self.size[1],
            "name": self.download_name,
        }


class Worker:
    """Enlarges pictures, one at a time; remembers the last.

    Parameters
    ----------
    folder : path
        For the last picture and its result.
    networks : dict of str to Network
    most_pixels : int
        That a picture may have.
    stopped : event or None
        Once it is set, nothing is said: what is being enlarged loses its ground.
    """

    def __init__(
        self,
        folder: Path,
        networks: dict[str, Network],
        most_pixels: int,
        stopped: threading.Event | None = None,
    ) -> None:
        self.networks = networks
        self.last: Task | None = None
        self._folder = folder
        self._most_pixels = most_pixels
        self._stopped = stopped or threading.Event()
        self._lock = threading.Lock()
        self._upscalers: dict[tuple[str, int], Any] = {}

    def start(self, wish: Wish, save: Callable[[Path], Any]) -> Task:
        """Take a picture and begin.

        Parameters
        ----------
        wish : Wish
        save : function of a path
            Writes the file that was sent.

        Raises
        ------
        UserError
            The picture has too many pixels, or there is no space for it.
        Busy
        """
        if not self._lock.acquire(blocking=False):
            raise Busy("another picture is being enlarged; try again when it is done")
        try:
            source = self._kept(wish, save)
            task = self.last = Task(wish, source)
            self._remove_all_but(source.parent)
            threading.Thread(target=self._run, args=(task,), daemon=True).start()
        except BaseException:
            self._lock.release()
            raise
        return task

    def _check_size(self, name: str, n: int) -> None:
        if n > self._most_pixels:
            raise UserError(
                # Never as few as are taken.
                f"{name}: {-(-n // 10**5) / 10:.1f} megapixels, and this page takes "
                f"{self._most_pixels / 1e6:.0f}; use `srcnn-theano upscale`"
            )

    def _kept(self, wish: Wish, save: Callable[[Path], Any]) -> Path:
        """Where the picture that was sent is; nowhere if it is too large."""
        folder = self._folder / secrets.token_hex(8)
        source = folder / ("source" + Path(wish.name).suffix.lower())
        try:
            folder.mkdir(parents=True)
            save(source)
            # Where it cannot be told, `_enlarge` looks again.
            self._check_size(wish.name, n_pixels(source) or 0)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            say(f"{source}: cannot be kept ({error.strerror or error})")
            raise UserError(
                f"{wish.name}: cannot be kept ({error.strerror or 'an error'}); free "
                "some space for temporary files where `srcnn-theano web` runs"
            ) from error
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return source

    def _remove_all_but(self, folder: Path) -> None:
        """The picture before goes, once there is another."""
        for path in self._folder.glob("*"):
            if path != folder:
                shutil.rmtree(path, ignore_errors=True)

    def _run(self, task: Task) -> None:
        try:
            self._enlarge(task)
            task.state = "done"
        except UserError as error:
            weights = self.networks[task.wish.network].options.get("weights")
            places = [weights] if weights else []
            task.error = task.in_its_words(str(error), *places)
            task.state = "failed"
        except MemoryError:
            task.error = f"{task.wish.name}: too large for the memory that is left"
            task.state = "failed"
        except Exception as error:
            if not self._stopped.is_set():
                for line in traceback.format_exc().splitlines():
                    say(line)
            task.error = f"{task.wish.name}: {type(error).__name__}; the terminal of "
            task.error += "`srcnn-theano web` says more"
            task.state = "failed"
        finally:
            self._lock.release()

    def _enlarge(self, task: Task) -> None:
        most = int(MEMORY * GIB)
        picture = read_picture(task.source, most)
        self._check_size(task.wish.name, picture.pixels[..., 0].size)
        scale = task.wish.scale
        chosen = task.wish.network, scale
        if chosen not in self._upscalers:
            options = self.networks[task.wish.network].options
            self._upscalers[chosen] = load_upscaler(scale, **options)
        rows, cols = picture.pixels.shape[:2]
        task.size = scale * rows, scale * cols
        watched: Any = _Watched(self._upscalers[chosen], task)
        job = Job(task.source, task.result)
        upscale_picture(
            watched, lambda: picture, job, False, False, None, most, task.note
        )
        parts = watched.shown
        bicubic = picture._replace(
            pixels=from_float(imresize_region(picture.pixels, scale, *parts))
        )
        if picture.alpha is not None:
            alpha = from_float(imresize_region(picture.alpha, scale, *parts))
            bicubic = bicubic._replace(alpha=alpha)
        write_picture(task.before, bicubic)
        write_picture(task.after, watched.middle())


class _Watched:
    """An upscaler that tells how far it is, and keeps the middle of its result."""

    def __init__(self, upscaler: Any, task: Task) -> None:
        self.scale = upscaler.scale
        self.n_tiles, self.band_bytes = upscaler.n_tiles, upscaler.band_bytes
        self._upscaler = upscaler
        self._task = task
        starts = [max(0, (n - most) // 2) for n, most in zip(task.size, SHOWN)]
        self.shown = [
            slice(start, min(n, start + most))
            for start, n, most in zip(starts, task.size, SHOWN)
        ]
        self._pieces: list[Picture] = []

    def bands(
        self, picture: Picture, on_tile: Callable[[], Any] | None = None
    ) -> Iterator[Picture]:
        """As of `inference.Upscaler`."""
        self._task.n_tiles = self.n_tiles(picture)
        rows, cols = self.shown
        first = 0
        for band in self._upscaler.bands(picture, self._tell):
            last = first + len(band.pixels)
            part = slice(max(rows.start, first) - first, min(rows.stop, last) - first)
            if part.start < part.stop:
                self._pieces.append(_8_bit(band, part, cols))
            first = last
            yield band

    def middle(self) -> Picture:
        """The part of the result that is shown."""
        pieces = self._pieces
        alpha = None
        if pieces[0].alpha is not None:
            alpha = np.concatenate([piece.alpha for piece in pieces])
        pixels = np.concatenate([piece.pixels for piece in pieces])
        return pieces[0]._replace(pixels=pixels, alpha=alpha)

    def _tell(self) -> None:
        self._task.n_done += 1


def _8_bit(band: Picture, rows: slice, cols: slice) -> Picture:
    def part(values: np.ndarray) -> np.ndarray:
        values = values[rows, cols]
        if values.dtype == np.uint16:
            return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
        return values.copy()

    alpha = None if band.alpha is None else part(band.alpha)
    return band._replace(pixels=part(band.pixels), alpha=alpha)
