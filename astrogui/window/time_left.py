"""How long work will still take, from how fast it went."""

from __future__ import annotations

from collections import deque

WINDOW_S = 60.0  # the rate is that of the last minute: files and machines change their pace
LEAST_S = 2.0  # nothing is said before this much has been seen


class TimeLeft:
    """Fed with how much is done; says how many seconds are left."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def feed(self, now_s: float, done: float) -> None:
        """``done``, in any unit of work, at the time ``now_s`` of a clock that never goes back."""
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()  # something else has begun
        self._seen.append((now_s, done))
        while len(self._seen) > 2 and now_s - self._seen[1][0] > WINDOW_S:
            self._seen.popleft()

    def seconds(self, now_s: float, total: float) -> float | None:
        """Seconds until ``total`` is done; None where too little was seen to say."""
        if not self._seen:
            return None
        began_s, began = self._seen[0]
        done = self._seen[-1][1]
        if now_s - began_s < LEAST_S or done <= began:
            return None
        return max(total - done, 0.0) * (now_s - began_s) / (done - began)


def words(seconds: float) -> str:
    """A time left as one says it: no more exact than it is known."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {10 * round(seconds / 10)} s left"
    if seconds < 3570:
        return f"about {max(round(seconds / 60), 1)} min left"
    hours = seconds / 3600
    return f"about {hours:.1f} h left" if hours < 10 else f"about {hours:.0f} h left"
