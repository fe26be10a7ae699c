"""What this is, what it was made from, and how to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from cip.faces.dashboard import look, sentences, state
from cip.faces.dashboard.formats import capital, count, day, last_day, percent
from cip.faces.dashboard.look import escape
from cip.faces.dashboard.parts import blocks, evidence, header, plain
from cip.flows import invented
from cip.flows.shape import has_value, is_plain

QUESTION: Final = "What is this, and what is it made from?"

Summary = Mapping[str, Any]


def page() -> None:
    """The whole page, for the run that the address names."""
    results = state.results()
    summary = results.summary
    header.show(
        QUESTION,
        _answer(summary),
        header.churn_line(summary),
        header.value_line(summary),
        header.part_line("Segments", summary, "segments"),
        header.part_line("Lists", summary, "recommendations"),
        run_id=results.run_id,
        summary=summary,
    )
    left, right = st.columns([1.35, 1], gap="small")
    with left.container(key="card_what", height="stretch"):
        st.html(look.block(_what(summary)))
    with right.container(key="card_run", height="stretch"):
        st.html(look.block(_run(summary)))
    without_time = plain.unknown(summary)
    if without_time:
        with st.container(key="card_unknown"):
            st.html(look.block(without_time))
    with st.container(key="card_words"):
        st.html(look.block(_words(summary)))
    with st.container(key="card_data"):
        st.html(look.block(evidence.data(summary)))
    decided = evidence.policies(summary)
    if decided:
        with st.container(key="card_policies"):
            st.html(look.block(decided))
    with st.container(key="card_docs"):
        st.html(look.block(_docs()))
        if st.button("See who is about to leave", type="primary", key="to_overview"):
            state.go("")


def _answer(summary: Summary) -> str:
    data = summary["data"]
    rows = count(sum(source["rows"] for source in data["sources"]))
    name = look.escape(summary["workspace"]["name"] or "this workspace")
    kind = "simulated" if summary["workspace"].get("simulated") else "real"
    if is_plain(summary):
        return (
            f"<b>{rows} {kind} rows</b> of {name}, one customer table without time · "
            f"<b>{count(summary['totals']['customers'])} customers still here</b> scored"
        )
    return (
        f"<b>{rows} {kind} rows</b> of {name}, {day(data['first'])} to {last_day(data['end'])} · "
        f"<b>{count(summary['totals']['customers'])} active customers</b> scored "
        f"{plain.scored_on(summary)}"
    )


_WHAT: Final = (
    "Customer Intelligence Platform reads what customers bought and did, and says who is about to "
    "leave, what each is worth, why, and what to do about it."
)
_HOW: Final = (
    "Every figure is measured on customers and dates that the model had not seen, and stands with "
    "its interval. Where the data do not carry an answer, a verdict says so and no score is shown."
)
_REAL: Final = (
    "The records are real. What was found wrong in them, and what was done about it, stands below."
)


def _what(summary: Summary) -> str:
    about = summary["workspace"].get("about") or ""
    kind = invented.note(summary["workspace"]) or _REAL
    said = [_WHAT, _HOW, kind, *filter(None, [about])]
    seconds: Counter[str] = Counter()  # keeps the order in which the steps came
    for step in summary["steps"]:
        seconds[step["name"]] += step["seconds"]
    steps = [blocks.Bar(capital(name), s, f"{s:.1f} s") for name, s in seconds.items()]
    made = look.heading("How this run was made", "Its steps in order, seconds each.")
    return look.heading("What this is") + look.paragraphs(said) + made + blocks.bars(steps)


def _run(summary: Summary) -> str:
    pairs = [
        ("Data", "simulated" if summary["workspace"].get("simulated") else "real"),
        ("Run", summary["run_id"]),
        ("Made", summary["created_at"][:16].replace("T", " ") + " UTC"),
        ("By", summary["actor"]),
        *_dates(summary),
        ("Steps", f"{sum(step['seconds'] for step in summary['steps']):.0f} seconds"),
        ("CIP", summary["environment"]["cip"]),
        ("Python", summary["environment"]["python"]),
    ]
    return look.heading("This run") + blocks.facts(pairs)


def _dates(summary: Summary) -> list[tuple[str, str]]:
    """When customers were scored, and the models measured and chosen."""
    if is_plain(summary):
        return [("Scored", plain.AS_IT_STANDS), ("Measured", plain.folds(summary))]
    calendar = summary["calendar"]
    return [
        ("Scored at the end of", last_day(calendar["score"])),
        ("Measured at the end of", last_day(calendar["test"])),
        ("Chosen at the end of", last_day(calendar["validation"])),
    ]


def _words(summary: Summary) -> str:
    rows = [[f"<b>{escape(word)}</b>", escape(said)] for word, said in _definitions(summary)]
    return look.heading(
        "What the words mean, and how each figure is made",
        "The same words on every page, in the exports and in the documents.",
    ) + look.table(["Word", "Meaning"], rows, words=2)


def _definitions(summary: Summary) -> list[tuple[str, str]]:
    churn = summary["churn"]
    low, high = (percent(cut, 0) for cut in churn["bands"])
    words = [
        ("Leaving", f"{capital(churn['definition'])}. {churn['population']['sentence']}"),
        (
            "Risk",
            (
                f"Probability of leaving, by {churn['champion_label']}; low is under {low}, high "
                f"is {high} and more. Its probabilities are held against what happened, "
                f"{plain.tested_on(summary)}."
            ),
        ),
        ("Customer value (CLV)", _value_words(summary)),
        (
            "Expected value loss",
            (
                "Risk times what the customer is worth if they stay: what is at stake. Value that "
                "already holds the risk of leaving would count it twice."
            ),
        ),
        (
            "Verdict",
            (
                "Useful, weak or no signal: whether a model is better than knowing nothing, with "
                "an error of 1 in 100. A model without signal shows its evidence instead of scores."
            ),
        ),
        ("Reason", "Points of probability that one fact adds, against a typical customer (SHAP)."),
        (
            "Interval",
            "Made so that in 95 of 100 such samples of customers it holds the true figure.",
        ),
    ]
    part = sentences.part_of(summary, "segments")
    if part:
        said = f"{part['k']} groups of alike customers (K-Means). {part['chosen_because']}"
        words.append(("Segment", said))
    return words


def _value_words(summary: Summary) -> str:
    value = summary["value"]
    if not has_value(summary):
        return str(value["reason"])
    return (
        f"Expected margin of the next {value['horizon_days']} days, discounted at "
        f"{percent(value['discount_rate'], 0)} a year, by "
        f"{value.get('method', 'BG/NBD and Gamma-Gamma')}."
    )


_DOCUMENTS: Final = (
    ("docs/tutorial/first-run.md", "From nothing to this dashboard, step by step."),
    ("docs/howto/bring-your-own-data.md", "The same with your own data."),
    ("docs/reference/", "Commands, settings, tables, features and metrics, made from the code."),
    ("docs/decisions/", "What was decided, and why."),
    ("docs/benchmarks.md", "What it takes in time and memory, against others."),
)


def _docs() -> str:
    rows = [[f"<code>{escape(path)}</code>", escape(said)] for path, said in _DOCUMENTS]
    return look.heading("Read on", "These lie beside the code; cip --help lists the commands.") + (
        look.table(["Document", "What it says"], rows, words=2)
    )
