"""The portable bucket of a customer: the same in Python, DuckDB and Spark, today and later."""

from __future__ import annotations

import hashlib
from typing import Final

import ibis

BUCKETS: Final = 64
_HEX: Final = "0123456789abcdef"


def bucket_of(customer_id: str) -> int:
    """0 to 63: the first byte of the MD5 of the UTF-8 id, modulo 64."""
    digest = hashlib.md5(customer_id.encode(), usedforsecurity=False).digest()
    return digest[0] % BUCKETS


def bucket_expr(customer_id: ibis.expr.types.StringValue) -> ibis.expr.types.IntegerColumn:
    """The same as `bucket_of`, as an int32 expression over a column of ids."""
    digest = customer_id.hexdigest("md5")
    high, low = (ibis.literal(_HEX).find(digest.substr(place, 1)) for place in (0, 1))
    return (high % (BUCKETS // 16) * 16 + low).cast("int32")
