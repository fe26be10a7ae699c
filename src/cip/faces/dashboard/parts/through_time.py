"""Whether the model would have held at earlier dates, and whether better settings were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cip.faces.dashboard import look
from cip.faces.dashboard.formats import capital, count, figure, last_day, percent, spread
from cip.faces.dashboard.look import escape
from cip.wording import signed

Summary = Mapping[str, Any]

_TITLE: Final = "The same kind of model at earlier dates"
_BELOW: Final = (
    "Fitted anew on what was known at each date, measured on what came after; last the model that "
    "serves at the test date. 95 % intervals."
)


def origins(summary: Summary) -> str:
    """A row an earlier date, and the test date; nothing for runs that did not ask."""
    listed: Sequence[Summary] = summary["churn"].get("origins") or []
    verdict = summary["churn"].get("steadiness")
    said = look.verdict_line("Order through time", **verdict) if verdict else ""
    if not listed:
        return look.heading(_TITLE) + said if said else ""
    words = {metric["name"]: metric["label"] for metric in summary["churn"]["metrics"]}
    names = list(listed[0]["figures"])
    rows = [[_date(row), *_figures(row, names)] for row in listed]
    rows += [[_at_test(summary), *_figures(row, names)] for row in _test(summary)]
    head = ["At the end of", "Customers", *(escape(words.get(name, name)) for name in names)]
    return look.heading(_TITLE, _BELOW) + said + look.table(head, rows)


def _figures(row: Summary, names: Sequence[str]) -> list[str]:
    left = f"<small>{escape(percent(row['churn_rate']))} left</small>"
    return [f"{count(row['customers'])}{left}", *(_measured(row["figures"][n]) for n in names)]


def _date(row: Summary) -> str:
    rows, to = count(row["learned_rows"]), last_day(row["learned_to"])
    learned = f"learned from {rows} rows up to {to}"
    return f"<b>{escape(last_day(row['cutoff']))}</b><small>{escape(learned)}</small>"


def _at_test(summary: Summary) -> str:
    return f"<b>{escape(last_day(summary['calendar']['test']))}</b><small>the test date</small>"


def _test(summary: Summary) -> list[Summary]:
    """The row of the test date, in a list; none where the run does not name its models."""
    churn = summary["churn"]
    chosen = [model for model in churn.get("models", ()) if model["name"] == churn["chosen"]]
    return [
        {
            "customers": churn["population"]["test_rows"],
            "churn_rate": churn["base_rate"]["value"],
            "figures": model["test"],
        }
        for model in chosen
    ]


def _measured(estimate: Summary) -> str:
    if estimate["value"] is None:
        return f'<span title="{escape(estimate["reason"])}">–</span>'
    return f"<b>{escape(figure(estimate))}</b><small>{escape(spread(estimate))}</small>"


def search(summary: Summary) -> str:
    """What a search for better settings came to; nothing where none was asked for."""
    found = summary["churn"].get("search")
    if not found:
        return ""
    rows = [_candidate(one, summary) for one in found["found"]]
    head = ["Candidate", "Settings tried", "Best of them", "Log loss saved", "What was done"]
    return (
        look.heading(_found_title(found), "On training rows alone; the default is tried first.")
        + look.note(found["sentence"])
        + look.table(head, rows, words=3) * bool(rows)
        + _to_paste(found)
    )


def _found_title(found: Summary) -> str:
    if any(one["departs"] for one in found["found"]):
        return "Better settings than the defaults were found"
    return "No better settings than the defaults were found"


def _candidate(one: Summary, summary: Summary) -> list[str]:
    labels: Mapping[str, str] = {m["name"]: m["label"] for m in summary["churn"]["models"]}
    best = ", ".join(f"{by:g} × {name.replace('_', ' ')}" for name, by in one["best"].items())
    return [
        f"<b>{escape(capital(labels.get(one['name'], str(one['name']))))}</b>",
        count(one["tried"]),
        escape(best or "the default"),
        _gain(one["gain"]),
        "found settings taken" if one["departs"] else "default kept",
    ]


def _gain(gain: Summary) -> str:
    if gain["value"] is None:
        return f'<span title="{escape(gain["reason"])}">–</span>'
    interval = f"{signed(gain['low'], 4)} to {signed(gain['high'], 4)}"
    return f"<b>{gain['value']:.4f}</b><small>{escape(interval)}</small>"


def _to_paste(found: Summary) -> str:
    """Lines that give the next run the same settings without a search."""
    if not found["toml"]:
        return ""
    below = "To have the same settings without a search, put into cip.toml:"
    return look.note(below) + f"<pre>{escape(found['toml'])}</pre>"
