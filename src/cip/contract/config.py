"""`cip.toml`: the one file that says what a workspace is, typed and checked."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import date
from difflib import get_close_matches
from typing import Final, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from cip.contract.changeable import Changeable
from cip.contract.factors import CandidateSettings
from cip.contract.features import FeatureName, FeatureRule, check_features
from cip.contract.mapping import Mapping, Strict
from cip.contract.tables import TableName
from cip.contract.zones import checked_zone
from cip.errors import SettingsError

Candidate = Literal[
    "logistic_regression",
    "lightgbm",
    "xgboost",
    "hgb",
    "random_forest",
    "neural_network",
    "blend",
    "stack",
]
Shape = Literal["events", "plain"]

_ENGINE: Final = re.compile(
    r"duckdb|spark"
    r"|spark://[\w.-]+:\d{1,5}(,[\w.-]+:\d{1,5})*"
    r"|local\[([1-9]\d{0,3}|\*)\]"
    r"|local-cluster\[[1-9]\d{0,3},[1-9]\d{0,3},[1-9]\d{2,6}\]"
)


class WorkspaceSection(Strict):
    """What the workspace is called and in which currency its money is.

    `time_zone`: whose midnights divide the business's days, for weekends, months, windows and
    cutoffs, too.  `simulated` data, which a program invented, are marked so wherever they are
    shown; `truth_known` where they are of a world whose process is known.
    """

    name: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    about: str = ""
    simulated: bool = False
    truth_known: bool = False
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        return checked_zone(name)

    @model_validator(mode="after")
    def _knows_no_real_truth(self) -> WorkspaceSection:
        if self.truth_known and not self.simulated:
            raise ValueError("truth_known needs simulated: nobody knows the truth of real data")
        return self


class SnapshotSection(Strict):
    """When customers are looked at, and who counts.

    `as_of`: the last day of the data that is believed, in the workspace's time zone; rows after it
    are findings and left out.
    """

    as_of: date | None = None

    horizon_days: int = Field(default=90, ge=1, le=730)
    gap_days: int = Field(default=7, ge=0, le=365)
    active_days: int = Field(default=180, ge=1, le=1460)
    every_days: int = Field(default=30, ge=1, le=365)
    min_history_days: int = Field(default=90, ge=1, le=1460)
    max_cutoffs: int = Field(default=12, ge=1, le=60)


class LabelRule(Strict):
    """One answer to "who has left?".

    `purchase`: no purchase in the horizon, among customers who purchased lately.  `inactivity`: no
    interaction of the `active_kinds` in the horizon, among customers who had one lately.
    `cancellation`: the paid spell that runs at the cutoff ends in the horizon, and no other begins
    within `grace_days`.  `given`: the static customer attribute `column` has one of the values
    `left`; it has no date, so it is judged under cross-validation.  Where `stayed` names values,
    any other counts as not known, as an empty cell does; else whoever has not left has stayed.
    """

    kind: Literal["purchase", "inactivity", "cancellation", "given"] = "purchase"
    active_kinds: tuple[str, ...] = ()
    grace_days: int = Field(default=14, ge=0, le=365)
    column: str | None = None
    left: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_enough(self) -> LabelRule:
        if self.kind == "inactivity" and not self.active_kinds:
            raise ValueError("a label of inactivity needs active_kinds, e.g. ['play']")
        if self.kind == "given" and not (self.column and self.left):
            raise ValueError("a given label needs its column and the values that mean left")
        both = {value.lower() for value in self.left} & {value.lower() for value in self.stayed}
        if both:
            raise ValueError(f"{min(both)!r} cannot mean both left and stayed")
        return self


class CostsSection(Strict):
    """What acting on the risk costs and brings, for an accounting of profit.

    `clv`: what a customer kept is worth; without it the workspace's own, as the run says.  `offer`:
    what an offer costs if it is taken; without it 5 % of that.  `contact`: what contacting one
    customer costs; without it 0.5 %.  `accept`: the share of contacted leavers who accept, as sure
    as if `asked` of them had been asked.
    """

    clv: float | None = Field(default=None, gt=0)
    offer: float | None = Field(default=None, ge=0)
    contact: float | None = Field(default=None, ge=0)
    accept: float = Field(default=0.3, gt=0, lt=1)
    asked: float = Field(default=20.0, gt=0)


class ChurnSection(Strict):
    """How churn is modelled and shown.  A value at a cut-point belongs to the upper band.

    `label` is modelled and shown; those in `also` are judged beside it.
    `promote`: the least signal verdict with which a model serves; "weak" is a human's override.
    `allow`: attributes that are features though they look as if they knew the future: somebody
    knows that they were filled in before every date.
    `leave_out`: attributes that no model reads.  `sensitive`: attributes whose groups the model is
    compared in.  `changeable`: features that the business can change, by name, and how far.
    `calibration`: "auto" is a sigmoid where it is seen to help, else none; the others are made as
    asked, on rows later than the training ("venn_abers" gives every customer an interval).
    `origins`: at how many earlier dates the model that serves is fitted and measured as well; 0: at
    none.  `repeats`: how often a table without time is split into other folds, over which its
    figures are averaged.  `search_seconds`: how long settings better than the defaults are looked
    for before the candidates race, on training rows alone; 0: not at all.  `settings`: multiples of
    the default settings, by candidate; who is named there is not searched.
    `explain_comparison`: whether candidates that only compare say what moves the risk as well; it
    needs the extra `shap`, takes some ten seconds, and decides nothing.
    """

    candidates: tuple[Candidate, ...] = (
        "logistic_regression",
        "lightgbm",
        "xgboost",
        "random_forest",
        "blend",
    )
    label: LabelRule = LabelRule()
    also: tuple[LabelRule, ...] = ()
    promote: Literal["useful", "weak"] = "useful"
    allow: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    changeable: dict[str, Changeable] = Field(default={})
    threshold: float = Field(default=0.5, gt=0, lt=1)
    bands: tuple[float, float] = (0.3, 0.6)
    calibration: Literal["auto", "none", "sigmoid", "isotonic", "venn_abers"] = "auto"
    costs: CostsSection = CostsSection()
    origins: int = Field(default=2, ge=0, le=6)
    repeats: int = Field(default=1, ge=1, le=20)
    search_seconds: int = Field(default=0, ge=0, le=86_400)
    settings: CandidateSettings = CandidateSettings()
    explain_comparison: bool = False


class ValueSection(Strict):
    """How value is computed and shown.  `margin` is the share of revenue that is kept.

    `monthly` names the customer attribute that says what a customer pays a month, in the
    workspace's currency; only a plain customer table needs it.
    """

    horizon_days: int = Field(default=365, ge=30, le=3650)
    discount_rate_yearly: float = Field(default=0.1, ge=0, lt=1)
    margin: float = Field(default=1.0, gt=0, le=1)
    bands: tuple[float, float] = (100.0, 1000.0)
    monthly: str | None = None


class SegmentsSection(Strict):
    """How many segments; without `k` the number is chosen and shown."""

    k: int | None = Field(default=None, ge=2, le=20)


class RecommendSection(Strict):
    """What lists are made of: which interactions, how recent, how long, judged on how many days.

    `ratings`: how ratings are predicted, by biases or by matrix factorisation (the extra
    `ratings`); "auto" takes the latter where it is installed and did better on earlier weeks.
    """

    kinds: tuple[str, ...] = ("purchase", "play")
    k: int = Field(default=10, ge=1, le=100)
    half_life_days: float = Field(default=180.0, gt=0)
    window_days: float = Field(default=30.0, gt=0)
    horizon_days: int = Field(default=30, ge=1, le=365)
    ratings: Literal["auto", "bias", "svd"] = "auto"


class RunSection(Strict):
    """Seeds, bootstrap draws and machine limits of a run; which engine looks at the customers.

    `engine`: "duckdb", in this process; "spark", Spark on this machine with as many `threads`;
    "spark://host:port", a Spark cluster; "local[2]" or "local-cluster[2,1,1024]" (workers, cores,
    MB each), Spark on this machine in one or in several processes.  The results are the same.
    `store_daily_from`: from so many events on, their sums by day are stored beside the lake, so
    that the next run adds up new days alone; 0 stores them always.
    `features_file`: a Python file in the workspace's folder that defines features; it runs only
    after `cip features trust`, and not once it has changed.
    """

    seed: int = 20_260
    draws: int = Field(default=500, ge=50, le=10_000)
    threads: int = Field(default=2, ge=1, le=256)
    rows_per_pass: int = Field(default=2_000_000, ge=1_000)
    store_daily_from: int = Field(default=2_000_000, ge=0)
    engine: str = "duckdb"
    features_file: str | None = None

    @field_validator("engine")
    @classmethod
    def _is_known(cls, engine: str) -> str:
        if not _ENGINE.fullmatch(engine):
            raise ValueError(
                "an engine is 'duckdb', 'spark', 'spark://host:port', 'local[2]' or "
                "'local-cluster[2,1,1024]'"
            )
        return engine


class Config(Mapping):
    """The whole of `cip.toml`: the mapping of the data, and what to do with them."""

    format: Literal[1]
    workspace: WorkspaceSection
    snapshot: SnapshotSection = SnapshotSection()
    churn: ChurnSection = ChurnSection()
    value: ValueSection = ValueSection()
    segments: SegmentsSection = SegmentsSection()
    recommend: RecommendSection = RecommendSection()
    run: RunSection = RunSection()
    features: dict[FeatureName, FeatureRule] = Field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """`plain` where no table with a time is mapped: then customers and a label are all."""
        return "events" if any(name in self.tables for name in _NEEDS.values()) else "plain"

    @model_validator(mode="after")
    def _can_run(self) -> Config:
        _check_shape(self)
        for label in (self.churn.label, *self.churn.also):
            _check_label(label, self)
        _check_allowed(self)
        if self.shape == "plain" and (self.features or self.run.features_file):
            raise ValueError("features: a customer table alone has no times to make them from")
        check_features(self.features, self)
        for name, cuts in (("churn.bands", self.churn.bands), ("value.bands", self.value.bands)):
            if not cuts[0] < cuts[1]:
                raise ValueError(f"{name} must rise, not {cuts[0]:g} then {cuts[1]:g}")
        if min(self.churn.bands) <= 0 or max(self.churn.bands) >= 1:
            raise ValueError("churn.bands are probabilities between 0 and 1")
        return self

    def fingerprint(self) -> str:
        """SHA-256 of the configuration: equal configurations have equal fingerprints."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


_NEEDS: Final[dict[str, TableName]] = {
    "purchase": "transactions",
    "inactivity": "interactions",
    "cancellation": "subscriptions",
}


def _check_shape(config: Config) -> None:
    given, monthly = config.churn.label.kind == "given", config.value.monthly
    if config.shape == "events":
        if given:
            raise ValueError("churn.label: a given column has no date: put it into churn.also")
        if monthly:
            raise ValueError("value.monthly: where tables have times, value is read from them")
    elif not given and "customers" in config.tables:
        raise ValueError(
            f"tables.{_NEEDS[config.churn.label.kind]} is missing. With a customer table alone, a "
            "column says who left: [churn] label = { kind = 'given', column = '...', "
            "left = ['...'] }"
        )
    if monthly and monthly not in config.attributes:
        raise ValueError(f"value.monthly: {monthly!r} is no attribute of tables.customers")


def _check_label(label: LabelRule, config: Mapping) -> None:
    needed = _NEEDS.get(label.kind)
    if needed and needed not in config.tables:
        raise ValueError(f"tables.{needed} is missing: the label {label.kind!r} is read from it")
    if label.kind == "given" and label.column not in config.attributes:
        raise ValueError(f"churn: {label.column!r} is no attribute of tables.customers")


def _check_allowed(config: Config) -> None:
    for key in ("allow", "leave_out", "sensitive"):
        unknown = [n for n in getattr(config.churn, key) if n not in config.attributes]
        if unknown:
            known = ", ".join(config.attributes) or "none"
            near = get_close_matches(unknown[0], config.attributes, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"churn.{key}: {unknown[0]!r} is no attribute of tables.customers, which has "
                f"{known}{meant}"
            )


def parse_config(text: str, where: str = "cip.toml") -> Config:
    """The configuration in `text`; a SettingsError names every wrong place at once."""
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("S-101", f"{where} is not TOML: {error}.", "mend that line") from error
    except ValidationError as error:
        raise SettingsError(
            "S-102",
            f"{where}: " + "; ".join(_said(e) for e in error.errors()) + ".",
            "`cip config check` reads the file again without running anything",
        ) from error


def _said(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    seen = problem["input"]
    value = f" (it is {seen!r})" if place and isinstance(seen, str | int | float) else ""
    return f"{place}: {message}{value}" if place else message
