"""What a run says, in sentences made from its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cip.faces.dashboard.formats import THIN, amount, count, customers, figure, percent, spread
from cip.faces.dashboard.look import escape
from cip.flows import paying, without_model
from cip.flows.shape import has_value, left_already

Summary = Mapping[str, Any]
Cell = Mapping[str, Any]


def answer(summary: Summary) -> str:
    """The front page's question answered, as HTML with the numbers in bold."""
    totals = summary["totals"]
    who = "customers still here" if left_already(summary) else "customers"
    said = (
        f"<b>{count(totals['at_risk_customers'])} of {count(totals['customers'])} {who}</b> "
        f"have a risk of {percent(totals['at_risk_above'], 0)} or more of leaving "
        f"({escape(summary['churn']['definition'])})"
    )
    if not has_value(summary):
        return f"{said} · what they are worth is not known"
    loss = totals["expected_value_loss"]
    interval = f' <span class="whole">({spread(loss)})</span>' if spread(loss) else ""
    return f"{said} · <b>{figure(loss)}</b> of expected value is at stake{interval}"


def no_signal_answer(summary: Summary) -> str:
    """The same question, where the model has shown no signal."""
    customers = count(summary["totals"]["customers"])
    return (
        f"<b>We cannot say yet.</b> For these {customers} customers no model is shown to know "
        "enough to serve, so no scores are shown."
    )


def costliest(cells: Sequence[Cell]) -> Cell:
    """The cell with most at stake."""
    return max(cells, key=lambda cell: float(cell["expected_value_loss"]))


def grid_headline(cells: Sequence[Cell]) -> str:
    """The finding of the grid: how few customers carry how much."""
    top = costliest(cells)
    people = top["customers"] / max(1, sum(cell["customers"] for cell in cells))
    stake = _share(loss_share(top, cells))
    return f"{_share(people)} of the customers carry {stake} of what is at stake"


def loss_share(cell: Cell, cells: Sequence[Cell]) -> float:
    """The part of the expected loss that lies in one cell."""
    total = sum(float(each["expected_value_loss"]) for each in cells)
    return float(cell["expected_value_loss"]) / total if total > 0 else 0.0


def cell_name(cell: Cell) -> str:
    """`High CLV / High churn`, as the priority segment is called; `High churn` without values."""
    if cell["clv_band"] is None:
        return f"{cell['churn_band']} churn"
    return f"{cell['clv_band']} CLV / {cell['churn_band']} churn"


def cell_title(cell: Cell, currency: str) -> str:
    """How many customers a cell has, and what is at stake with them."""
    if cell["clv_band"] is None:
        return customers(cell["customers"])
    return (
        f"{customers(cell['customers'])}, {amount(cell['expected_value_loss'], currency)} at stake"
    )


def cell_bounds(summary: Summary, cell: Cell) -> str:
    """What the bands of a cell cover: `CLV 1,000 GBP and more, risk 30 % to 60 %`."""
    if cell["clv_band"] is None:
        return f"risk {churn_words(summary, cell['churn_band'])}"
    clv = clv_words(summary, cell["clv_band"])
    return f"CLV {clv}, risk {churn_words(summary, cell['churn_band'])}"


def churn_words(summary: Summary, band: str) -> str:
    """Which risks a churn band covers: `under 30 %`, `30 % to 60 %`, `60 % and more`."""
    return _band_words(band, [percent(cut, 0) for cut in summary["churn"]["bands"]])


def clv_words(summary: Summary, band: str) -> str:
    """Which values a CLV band covers, in money."""
    currency = summary["workspace"]["currency"]
    return _band_words(band, [amount(cut, currency) for cut in summary["value"]["bands"]])


def what_to_do(summary: Summary, cell: Cell, risk: float | None = None) -> str:
    """The action of the priority segment in this cell, as far as it pays; empty when it has none.

    `risk`: of the one customer it is said to.
    """
    if not without_model.serves(summary):
        return without_model.what_to_do(cell["clv_band"])
    name = cell_name(cell)
    found = (s["what_to_do"] for s in summary["priority_segments"] if s["name"] == name)
    return paying.action(summary, cell, next(found, ""), risk)


def what_to_see(summary: Summary) -> list[str]:
    """Two or three sentences that the grid does not say by itself."""
    cells, currency = summary["cells"], summary["workspace"]["currency"]
    top, crowd = costliest(cells), max(cells, key=lambda cell: int(cell["customers"]))
    each = amount(top["expected_value_loss"] / max(1, top["customers"]), currency)
    most = (
        f"Most is at stake with {cell_name(top)}: {cell_title(top, currency)}, on average {each}."
    )
    said = [most]
    if crowd is not top:
        share = _share(loss_share(crowd, cells))
        said.append(
            f"The largest group, {cell_name(crowd)} ({customers(crowd['customers'])}), "
            f"holds {share} of it."
        )
    return [*said, *drivers(summary), *_caution(summary)]


def reality(summary: Summary) -> tuple[str, str]:
    """Leavers predicted and seen at the test date, and in words how far apart they are."""
    test = champion(summary)["test"]
    said, seen = test["predicted_total"], test["realised_total"]
    return f"{figure(said)} / {figure(seen)}", _off(test["predicted_over_realised"])


def champion(summary: Summary) -> Mapping[str, Any]:
    """The row of the model that serves."""
    churn = summary["churn"]
    name = churn.get("chosen", churn["champion"])
    row: Mapping[str, Any] = next(m for m in summary["churn"]["models"] if m["name"] == name)
    return row


def first_sentence(text: str) -> str:
    """The first sentence; the others are on the second tab."""
    return text.split(". ", maxsplit=1)[0].removesuffix(".") + "."


def part_of(summary: Summary, name: str) -> Summary | None:
    """A part that a run may lack, such as its segments; None where it does."""
    part: Summary | None = summary.get(name)
    return None if not part or "reason" in part else part


def why_missing(summary: Summary, name: str, otherwise: str) -> str:
    """Why the run lacks the part, in its own words, else in those given."""
    return str((summary.get(name) or {}).get("reason") or otherwise)


def _band_words(name: str, cuts: Sequence[str]) -> str:
    low, high = cuts
    return {"Low": f"under {low}", "High": f"{high} and more"}.get(name, f"{low} to {high}")


def drivers(summary: Summary) -> list[str]:
    """What moves the risk most, in a sentence; nothing where nothing does."""
    facts = summary["churn"]["importance"][:2]
    if not facts:
        return []
    named = " and ".join(f"{_lower(f['label'])} ({_share(f['share'])})" for f in facts)
    return [f"What moves the risk most, of all that the model looks at: {named}."]


def _caution(summary: Summary) -> list[str]:
    """A warning where the model is shown to count too many or too few leavers."""
    ratio = champion(summary)["test"]["predicted_over_realised"]
    if not _is_off(ratio):
        return []
    bound = "high" if ratio["value"] > 1 else "low"
    tested = f"when last tested, the leavers predicted were {_off(ratio)}"
    return [f"Read the sums as {bound}: {tested}. The order of customers stays as good."]


def _off(ratio: Mapping[str, Any]) -> str:
    """`28 % too many (22–33 %)`, or that nothing wrong is shown."""
    if ratio["value"] is None:
        return str(ratio["reason"])
    if not _is_off(ratio):
        return f"in line with what happened ({spread(ratio)})"
    word = "many" if ratio["value"] > 1 else "few"
    near, far = sorted(abs(100 * (ratio[end] - 1)) for end in ("low", "high"))
    return f"{abs(100 * (ratio['value'] - 1)):.0f} % too {word} ({near:.0f}–{far:.0f}{THIN}%)"


def _is_off(ratio: Mapping[str, Any]) -> bool:
    return ratio["value"] is not None and not ratio["low"] <= 1 <= ratio["high"]


def _share(part: float) -> str:
    return percent(part, 0 if part >= 0.1 or part == 0 else 1)


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(". ")
