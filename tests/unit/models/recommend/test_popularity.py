import numpy as np
import pytest

from cip.errors import ModelError
from cip.models.recommend.interactions import interactions_of
from cip.models.recommend.popularity import Popularity, fit_popularity


def ranked(popularity):
    return popularity.items.ids[popularity.order].tolist()


def test_the_window_holds_its_first_instant():
    x = interactions_of(["a", "b"], ["x", "y"], [30.0, 30.0 + 1e-9])
    assert fit_popularity(x, 30).share.tolist() == [1.0, 0.0]


def test_the_cutoff_instant_is_refused():
    with pytest.raises(ModelError, match="M-202"):
        fit_popularity(interactions_of(["a"], ["x"], [0.0]), 30)


def test_a_customer_counts_once_for_an_item():
    x = interactions_of(["a", "a", "a", "b", "c"], ["x", "x", "x", "y", "y"], [1, 2, 3, 1, 1])
    popularity = fit_popularity(x, 30)
    assert popularity.share == pytest.approx([1 / 3, 2 / 3])
    assert ranked(popularity) == ["y", "x"]


def test_recent_comes_before_old_and_old_breaks_ties():
    x = interactions_of(
        ["a", "b", "c", "d", "a", "a", "e"],
        ["old", "old", "old", "v", "new", "u", "v"],
        [90, 90, 90, 90, 5, 5, 90],
    )
    assert ranked(fit_popularity(x, 30)) == ["new", "u", "old", "v"]


def test_items_that_nobody_took_are_not_ranked():
    x = interactions_of(["a", "a"], ["x", "y"], [1, 1], [1.0, 0.0])
    assert ranked(fit_popularity(x, 30)) == ["x"]


def test_without_interactions_nothing_is_popular():
    assert len(fit_popularity(interactions_of([], [], []), 30).order) == 0


def test_it_comes_back_from_its_files_to_the_last_byte():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 50, (2, 400)).astype(str).astype(object)
    popularity = fit_popularity(interactions_of(*ids, rng.uniform(1, 90, 400)), 30)
    files = popularity.artefacts()
    again = Popularity.from_artefacts(files)
    assert again.artefacts() == files
    assert (again.share == popularity.share).all()
    assert ranked(again) == ranked(popularity)


def test_a_damaged_file_is_named():
    files = fit_popularity(interactions_of(["a"], ["x"], [1]), 30).artefacts()
    with pytest.raises(ModelError, match=r"M-104: popularity_share\.npy"):
        Popularity.from_artefacts({**files, "popularity_share.npy": b"nothing"})
