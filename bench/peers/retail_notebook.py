"""The peer: what an analyst's notebook does with the same file, in pandas, scikit-learn, lifetimes.

The same job, written as people write it: clean the lines, RFM-like features at the same cutoffs in
a loop, the same five models with library defaults, BG/NBD + Gamma-Gamma by lifetimes.  It has no
intervals, no verdicts, no reasons and publishes nothing.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pandas as pd
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from xgboost import XGBClassifier

warnings.filterwarnings("ignore")
HORIZON, ACTIVE = 90, 180
END = pd.Timestamp("2011-12-10")
TEST = END - pd.Timedelta(days=HORIZON)
VALIDATION = TEST - pd.Timedelta(days=HORIZON + 7)
NEWEST = VALIDATION - pd.Timedelta(days=HORIZON + 7)
TRAIN = [NEWEST - pd.Timedelta(days=30 * k) for k in range(12)]


def clean(path: str) -> pd.DataFrame:
    """Lines with a customer and a price, without the days that the second sheet repeats."""
    lines = pd.read_parquet(path).dropna(subset=["Customer ID"])
    repeated = (lines["sheet"] == "Year 2010-2011") & (lines["InvoiceDate"] < "2010-12-10")
    lines = lines[~repeated & (lines["Price"] > 0)]
    return lines.assign(
        day=lines["InvoiceDate"].dt.normalize(), value=lines["Quantity"] * lines["Price"]
    )


def features(lines: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    """RFM, windows, gaps and variety for the customers active before the cutoff."""
    past = lines[lines["day"] < cutoff]
    bought = past[past["value"] > 0]
    days = bought.groupby(["Customer ID", "day"], as_index=False)["value"].sum()
    days = days.assign(
        age=(cutoff - days["day"]).dt.days, gap=days.groupby("Customer ID")["day"].diff().dt.days
    )
    each = days.groupby("Customer ID")
    table = pd.DataFrame({
        "recency": each["age"].min(), "tenure": each["age"].max(), "days": each.size(),
        "spend": each["value"].sum(), "mean": each["value"].mean(), "sd": each["value"].std(),
        "last": each["value"].last(), "gap": each["gap"].mean(), "gap_sd": each["gap"].std(),
        "gap_max": each["gap"].max(),
    })  # fmt: skip
    for window in (7, 28, 90, 365):
        recent = days[days["age"] <= window].groupby("Customer ID")
        table[f"days_{window}"], table[f"spend_{window}"] = recent.size(), recent["value"].sum()
        items = bought[(cutoff - bought["day"]).dt.days <= window].groupby("Customer ID")
        table[f"items_{window}"] = items["StockCode"].nunique()
        table[f"quantity_{window}"] = items["Quantity"].sum()
    refunds = past[past["value"] < 0].groupby("Customer ID")
    table["refunds"], table["refunded"] = refunds.size(), refunds["value"].sum()
    return table[table["recency"] <= ACTIVE].fillna(0)


def labelled(lines: pd.DataFrame, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, np.ndarray]:
    """Features at the cutoff and whether no purchase followed within the horizon."""
    table = features(lines, cutoff)
    window = lines[(lines["day"] >= cutoff) & (lines["day"] < cutoff + pd.Timedelta(days=HORIZON))]
    buyers = window.loc[window["value"] > 0, "Customer ID"].unique()
    return table, (~table.index.isin(buyers)).astype(int)


def churn(lines: pd.DataFrame) -> None:
    """Fit five models on the training cutoffs, choose on validation, read the test once."""
    parts = [labelled(lines, cutoff) for cutoff in TRAIN]
    X, y = pd.concat([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    X_validation, y_validation = labelled(lines, VALIDATION)
    X_test, y_test = labelled(lines, TEST)
    models = {
        "LR": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "RF": RandomForestClassifier(200, n_jobs=2, random_state=0),
        "HGB": HistGradientBoostingClassifier(random_state=0),
        "LightGBM": LGBMClassifier(n_estimators=200, n_jobs=2, verbose=-1, random_state=0),
        "XGBoost": XGBClassifier(n_estimators=200, n_jobs=2, random_state=0),
    }
    scores = {}
    for name, model in models.items():
        model.fit(X, y)
        scores[name] = roc_auc_score(y_validation, model.predict_proba(X_validation)[:, 1])
    best = models[max(scores, key=scores.__getitem__)]
    best.fit(pd.concat([X, X_validation]), np.concatenate([y, y_validation]))
    p = best.predict_proba(X_test)[:, 1]
    print(max(scores, key=scores.__getitem__), "test AUC", round(roc_auc_score(y_test, p), 4))
    best.predict_proba(features(lines, END))


def value(lines: pd.DataFrame) -> None:
    """BG/NBD and Gamma-Gamma as lifetimes does them, and the value of the next year."""
    days = lines[lines["value"] > 0].groupby(["Customer ID", "day"], as_index=False)["value"].sum()
    each = days.groupby("Customer ID")
    first, last = each["day"].min(), each["day"].max()
    frequency, spend = each.size() - 1, each["value"].mean()
    recency, age = (last - first).dt.days, (END - first).dt.days
    fitted = BetaGeoFitter(penalizer_coef=0.001).fit(frequency, recency, age)
    repeat = frequency > 0
    spending = GammaGammaFitter(penalizer_coef=0.001).fit(frequency[repeat], spend[repeat])
    worth = spending.customer_lifetime_value(
        fitted, frequency, recency, age, spend, time=12, freq="D"
    )
    print("value of the next year", round(worth.sum()))


def main() -> None:
    """Both, from one file."""
    lines = clean(sys.argv[1])
    churn(lines)
    value(lines)


if __name__ == "__main__":
    main()
