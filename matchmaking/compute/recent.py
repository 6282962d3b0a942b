"""What one process remembers for a while: what is made of a run's stored pieces, by the names of these."""

from collections.abc import Callable, Hashable
from threading import Timer
from typing import Generic, TypeVar

REMEMBERED_S = 60
T = TypeVar("T")


class Recent(Generic[T]):
    """The last value made in this process, for a minute after its last use: the erased must not linger in memory.

    `what` names the stored pieces it is made of, so that none is used that an erasure or another run has replaced.
    """

    def __init__(self) -> None:
        self._what: Hashable = None
        self._value: T | None = None
        self._end: Timer | None = None

    def get(self, what: Hashable, make: Callable[[], T]) -> T:
        """The value made of `what`, made anew where it is not at hand; the old one goes before a new one comes."""
        if self._end is not None:
            self._end.cancel()
        value = self._value if self._what == what else None
        if value is None:
            self.forget()
            value = make()
        self._what, self._value, self._end = what, value, Timer(REMEMBERED_S, self.forget)
        self._end.daemon = True
        self._end.start()
        return value

    def forget(self) -> None:
        """Keep nothing."""
        self._what, self._value = None, None
