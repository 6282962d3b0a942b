"""Arrays to bytes and back: a zip of .npy files without pickle and without time stamps, so equal arrays give equal bytes."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[np.generic]]
EPOCH = (1980, 1, 1, 0, 0, 0)
SEPARATOR = "\n"


def pack(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """The arrays as bytes, named in sorted order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(arrays):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", EPOCH)
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()


def unpack(content: bytes, wanted: Callable[[str], bool] = lambda name: True) -> Arrays:
    """The arrays that `pack` wrote, those whose name is wanted."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files if wanted(name)}


def text_array(lines: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Strings without line ends as one array of UTF-8 bytes."""
    return np.frombuffer(SEPARATOR.join(lines).encode(), dtype=np.uint8)


def text_lines(array: npt.NDArray[np.generic]) -> list[str]:
    """The strings of `text_array`."""
    return array.tobytes().decode().split(SEPARATOR) if array.size else []
