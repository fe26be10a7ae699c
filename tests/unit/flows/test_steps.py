from __future__ import annotations

from cip.flows import steps
from cip.flows.read import how_far
from cip.flows.steps import Steps


class Heard:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, name: str, what: str) -> None:
        self.said.append(f"{name}: {what}")

    def done(self, name: str, rows: int | None, seconds: float, said: str = "") -> None:
        self.said.append(f"{name} done {rows} {said}" if seconds > 1 else name)


def test_a_step_says_how_far_it_is_once_a_second(monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(steps, "perf_counter", lambda: now[0])
    heard = Heard()
    told = Steps(heard)
    with told.step("read", "reading a"):
        for _ in range(5):
            now[0] += 0.4
            told.moved("read", f"at {now[0]:.1f}")
    assert heard.said == ["read: reading a", "read: at 101.2", "read done None "]


def test_rows_rate_share_and_time_left_are_said_where_they_are_known() -> None:
    assert how_far(1_200_000, None, 4.0) == "1,200,000 rows, 300,000 rows/s"
    assert how_far(500, 2_000, 2.0) == "500 rows, 250 rows/s, about 25%, 6 s left"
    assert how_far(2_100, 2_000, 2.0) == "2,100 rows, 1,050 rows/s"
