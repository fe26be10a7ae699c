"""The data page: what is read now, and the wizard from a file to a written cip.toml."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cip.contract.config import parse_config
from cip.errors import CipError
from cip.flows import browse
from cip.flows.actors import local_owner
from cip.flows.propose import look_at, propose, write
from cip.settings import WORKSPACE_VARIABLE, Workspace
from cip.types import Principal

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

VIEWER = Principal("somebody", "viewer")


def _page() -> None:
    from cip.faces.dashboard.screens import data

    data.page()


def _orders(path: Path, nasty: str = "plain") -> None:
    rng = np.random.default_rng(5)
    start = datetime(2023, 1, 1, tzinfo=UTC)
    lines = ["order_id,client,placed_at,total,net_total,remark"]
    for k in range(800):
        at = start + timedelta(hours=11 * k)
        total = rng.uniform(3, 90)
        lines.append(
            f"{k},c{rng.integers(0, 90)},{at:%Y-%m-%d %H:%M},{total:.2f},{total * 0.8:.2f},{nasty}"
        )
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace without a run, with one more file in its folder."""
    root = tmp_path / "shop"
    root.mkdir()
    _orders(root / "orders.csv")
    look = look_at([str(root / "orders.csv")], root, actor=local_owner())
    made = write(look, propose(look), actor=local_owner())
    _orders(root / "more.csv", nasty="<img src=x onerror=alert(1)>")
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(root))
    return made


def _said(app: AppTest) -> str:
    return " ".join(str(block.proto.body) for block in app.get("html"))


def _wizard() -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    app.session_state["data_view"] = "Bring your own data"
    return app.run()


def test_the_page_says_what_is_read_before_any_run(workspace: Workspace) -> None:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    said = _said(app)
    assert "orders.csv" in said
    assert "customer_id ← client" in said
    assert "No run is published yet" in said


def test_the_wizard_goes_from_a_file_to_a_written_workspace(workspace: Workspace) -> None:
    app = _wizard()
    app.multiselect(key="wizard_files").set_value(["more.csv"]).run()
    assert not app.exception
    said = _said(app)
    assert "What CIP would read" in said
    assert "<img" not in said
    amount = next(box for box in app.selectbox if "_more.amount_" in box.key)
    assert amount.value == "total"
    amount.set_value("net_total").run()
    assert not app.exception
    app.text_input(key="wizard_name").set_value("second-shop").run()
    app.button(key="wizard_write").click().run()
    assert not app.exception
    written = workspace.root.parent / "second-shop" / "cip.toml"
    config = parse_config(written.read_text(encoding="utf-8"))
    assert config.tables["transactions"][0].columns["amount"].column == "net_total"  # type: ignore[union-attr]
    assert f"cip run -w {written.parent}" in " ".join(block.value for block in app.code)


def test_an_upload_is_looked_at_like_any_file(workspace: Workspace, tmp_path: Path) -> None:
    _orders(tmp_path / "sent.csv")
    app = _wizard()
    sent = ("sent.csv", (tmp_path / "sent.csv").read_bytes(), "text/csv")
    app.file_uploader(key="wizard_upload").set_value(sent).run()
    assert not app.exception
    assert app.multiselect(key="wizard_files").value == ["uploads/sent.csv"]
    assert "What CIP would read" in _said(app)
    written = (workspace.root / "uploads" / "sent.csv").stat().st_mtime_ns
    app.text_input(key="wizard_name").set_value("third-shop").run()
    assert (workspace.root / "uploads" / "sent.csv").stat().st_mtime_ns == written


def test_a_box_of_other_data_that_calls_late_is_no_answer(workspace: Workspace) -> None:
    (workspace.root / "people.csv").write_text(
        "\n".join(["client,churned", *(f"c{k},{'yes' if k % 3 else 'no'}" for k in range(90))]),
        encoding="utf-8",
    )
    app = _wizard()
    app.multiselect(key="wizard_files").set_value(["people.csv"]).run()
    app.multiselect(key="wizard_files").set_value(["people.csv", "more.csv"]).run()
    assert not app.exception
    assert app.session_state["wizard_answers"] == {}
    label = next(box for box in app.selectbox if "_label_" in box.key)
    assert label.value == "purchase"


def test_a_workspace_that_stands_is_replaced_only_when_somebody_says_so(
    workspace: Workspace,
) -> None:
    before = workspace.config_path.read_text(encoding="utf-8")
    app = _wizard()
    app.multiselect(key="wizard_files").set_value(["more.csv"]).run()
    app.text_input(key="wizard_name").set_value(workspace.root.name).run()
    assert app.button(key="wizard_write").disabled
    assert workspace.config_path.read_text(encoding="utf-8") == before
    app.checkbox(key="wizard_replace").check().run()
    app.button(key="wizard_write").click().run()
    assert "more.csv" in workspace.config_path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hosts", "link.csv", "a/../../secret.csv"])
def test_no_file_outside_the_workspace_is_read(workspace: Workspace, name: str) -> None:
    secret = workspace.root.parent / "secret.csv"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    (workspace.root / "link.csv").symlink_to(secret)
    with pytest.raises(CipError, match="outside the workspace") as caught:
        browse.inside(workspace, name, actor=local_owner())
    assert caught.value.code == "F-140"


@pytest.mark.parametrize("name", ["../../evil.csv", "..\\evil.csv", "/root/evil.csv", ".evil.csv"])
def test_an_upload_stays_in_its_folder_whatever_it_is_called(
    workspace: Workspace, name: str
) -> None:
    kept = browse.keep_upload(workspace, name, b"a,b\n1,2\n", actor=local_owner())
    assert kept == "uploads/evil.csv"
    assert (workspace.root / kept).read_bytes() == b"a,b\n1,2\n"


@pytest.mark.parametrize("name", ["..", "a/b", "", "a b", ".hidden"])
def test_a_new_workspace_lies_beside_this_one_and_nowhere_else(
    workspace: Workspace, name: str
) -> None:
    with pytest.raises(CipError, match="cannot be the name"):
        browse.beside(workspace, name, actor=local_owner())


def test_a_viewer_may_not_browse_upload_or_look(workspace: Workspace) -> None:
    for act in (
        lambda: browse.data_files(workspace, actor=VIEWER),
        lambda: browse.inside(workspace, "more.csv", actor=VIEWER),
        lambda: browse.keep_upload(workspace, "x.csv", b"", actor=VIEWER),
        lambda: browse.beside(workspace, "x", actor=VIEWER),
        lambda: look_at([str(workspace.root)], workspace.root, actor=VIEWER),
    ):
        with pytest.raises(CipError, match="may not"):
            act()
