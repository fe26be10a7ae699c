"""Who acts when nobody signs in: the local command line is the owner."""

from __future__ import annotations

from cip.access.roles import local_owner

__all__ = ["local_owner"]
