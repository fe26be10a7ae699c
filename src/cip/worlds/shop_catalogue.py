"""What the simulated shop sells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cip import columns as c

Table = Mapping[str, NDArray[Any]]

_STYLES = ("Vintage", "Red", "Ivory", "Woodland", "Retro", "Striped", "Small", "Large", "Folk")
_CATALOGUE: Mapping[str, tuple[str, ...]] = {
    "Kitchen": ("Mug", "Cake Tin", "Tea Towel", "Teapot", "Recipe Box", "Apron"),
    "Garden": ("Bird Feeder", "Watering Can", "Lantern", "Plant Pot", "Wind Chime"),
    "Lighting": ("Night Light", "Candle Holder", "String Lights", "Table Lamp"),
    "Stationery": ("Notebook", "Gift Wrap", "Birthday Card", "Pencil Case", "Photo Album"),
    "Toys": ("Spinning Top", "Wooden Train", "Skittles", "Doll House", "Jigsaw"),
}


def draw_items(rng: np.random.Generator) -> Table:
    """The catalogue, sorted by category and within it by price."""
    category, titles = zip(
        *(
            (category, f"{style} {thing}")
            for category, things in sorted(_CATALOGUE.items())
            for thing in things
            for style in _STYLES
        ),
        strict=True,
    )
    category_of = np.array(category, dtype=object)
    price = np.round(np.exp(rng.normal(1.2, 0.7, len(titles))), 2)
    order = np.lexsort((price, category_of.astype(str)))
    title = np.array(titles, dtype=object)
    ids = numbered("I", len(titles))
    return {
        c.ITEM_ID: ids, c.TITLE: title[order], c.CATEGORY: category_of[order],
        c.PRICE: price[order],
    }  # fmt: skip


def numbered(letter: str, count: int) -> NDArray[Any]:
    """Ids from 1 on, with zeros in front, so that order of text is order of ids."""
    width = max(5, len(str(count)))
    return np.array([f"{letter}{k:0{width}d}" for k in range(1, count + 1)], dtype=object)
