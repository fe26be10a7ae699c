from __future__ import annotations

import getpass
from typing import get_args

import pytest

from cip.access.roles import ACTIONS, PERMISSIONS, Action, local_owner, require
from cip.errors import NotAllowedError
from cip.types import Principal, Role

EXPECTED = {
    #                  read   export ingest run    configure erase
    "owner":          (True,  True,  True,  True,  True,  True),
    "admin":          (True,  True,  True,  True,  True,  True),
    "data_scientist": (True,  True,  True,  True,  False, False),
    "analyst":        (True,  True,  False, False, False, False),
    "viewer":         (True,  False, False, False, False, False),
    "service":        (True,  False, True,  True,  False, False),
}  # fmt: skip
CASES = [
    (role, action, may)
    for role, row in EXPECTED.items()
    for action, may in zip(ACTIONS, row, strict=True)
]


@pytest.mark.parametrize(("role", "action", "may"), CASES)
def test_a_role_may_do_exactly_what_the_table_says(role: Role, action: Action, *, may: bool):
    actor = Principal("Ada", role)
    if may:
        require(actor, action)
    else:
        with pytest.raises(NotAllowedError) as caught:
            require(actor, action)
        assert "Ada" in caught.value.message
        assert role in caught.value.message
        assert ACTIONS[action] in caught.value.message
        assert "owner, admin" in caught.value.hint


def test_every_role_and_every_action_has_an_entry():
    assert set(PERMISSIONS) == set(get_args(Role)) == set(EXPECTED)
    assert set(ACTIONS) == set(get_args(Action))


def test_the_local_command_line_is_the_owner_under_the_name_of_the_os_user(monkeypatch):
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")
    assert local_owner() == Principal("ada", "owner")


def test_a_user_id_without_a_name_is_still_the_owner(monkeypatch):
    def unknown() -> str:
        raise KeyError("uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert local_owner() == Principal("local command line", "owner")
