"""FLAML on telco, with the folds and the seconds of the caller; prints JSON.

python flaml_telco.py FILE SECONDS
"""

import json
import sys

import flaml
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

data = pd.read_parquet(sys.argv[1])
y = (data["Churn"] == "Yes").astype(int).to_numpy()
X = data.drop(columns=["customerID", "Churn"])
for name in X.columns:
    if not pd.api.types.is_numeric_dtype(X[name]):
        X[name] = X[name].astype("category")

p, auc = np.empty(len(y)), []
for train, test in StratifiedKFold(5, shuffle=True, random_state=42).split(X, y):
    found = flaml.AutoML()
    found.fit(
        X.iloc[train], y[train], task="classification", metric="log_loss", n_jobs=1, seed=0,
        time_budget=float(sys.argv[2]), verbose=0, eval_method="cv", n_splits=5,
    )  # fmt: skip
    p[test] = found.predict_proba(X.iloc[test])[:, 1]
    auc.append(roc_auc_score(y[test], p[test]))
print(
    json.dumps(
        {
            "version": flaml.__version__,
            "auc": float(np.mean(auc)),
            "log_loss": float(log_loss(y, p)),
        }
    )
)
