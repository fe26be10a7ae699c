"""The lists of a published run, or of what `cip export` wrote, for a history as it is now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cip.models.recommend.ease import Ease
from cip.models.recommend.interactions import History
from cip.models.recommend.lists import ListRules, Recommendation, recommend
from cip.models.recommend.popularity import Popularity
from cip.stores.registry import read_artefacts


@dataclass(frozen=True)
class Recommender:
    """What serves the lists of one run; `ease` is None where everybody gets what is popular."""

    name: str
    run_id: str
    ease: Ease | None
    popularity: Popularity

    def list_for(
        self, history: Iterable[tuple[str, float, float]], k: int = 10
    ) -> list[Recommendation]:
        """At most `k` lines, the best first, none of them in the history.

        `history`: of each item met, its id, the days since the last time (above 0), and how many
        times.  Items that were not there when the lists were made are stepped over.
        """
        items = self.popularity.items
        known = [(items.position[i], *said) for i, *said in history if i in items.position]
        code, days_ago, times = np.array(known, dtype=np.float64).reshape(-1, 3).T
        met = History(code.astype(np.int64), days_ago, times)
        return recommend(self.ease, self.popularity, met, ListRules(k=k))


def open_recommender(folder: Path) -> Recommender:
    """The `recommender/` of a run or of an export, after its manifest was verified.

    Raises: ModelError A-001 to A-004 for files that are not those of the manifest, M-2xx for files
    that are no model.
    """
    files, manifest = read_artefacts(folder)
    name = str(manifest["name"])
    return Recommender(
        name=name,
        run_id=str(manifest["run_id"]),
        ease=Ease.from_artefacts(files) if name == "ease" else None,
        popularity=Popularity.from_artefacts(files),
    )
