"""`cip init` as a user types it: from data, from presets, answered and refused."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.integration.invoices import write_lines

from cip.contract.config import parse_config
from cip.flows.actors import local_owner
from cip.flows.init import init, presets

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invoice lines of a small shop."""
    folder = tmp_path_factory.mktemp("data")
    write_lines(folder, customers=200, days=500, seed=2)
    return folder / "lines.csv"


def test_json_says_every_guess_with_its_confidence_and_doubt(cip, lines, tmp_path) -> None:
    ended = cip("init", "--from", lines, tmp_path / "shop", "--json")
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout)
    assert Path(said["config"]).is_file()
    guesses = {guess["place"]: guess for guess in said["proposal"]["guesses"]}
    assert guesses["lines.transaction_id"]["value"] == "Invoice"
    assert all(0 <= guess["confidence"] <= 1 for guess in guesses.values())
    assert set(said["proposal"]["not_sure"]) == {
        place for place, guess in guesses.items() if not guess["sure"]
    }
    assert said["proposal"]["sources"][0]["columns"][0]["name"]


def test_set_answers_a_guess(cip, lines, tmp_path) -> None:
    folder = tmp_path / "shop"
    ended = cip("init", "--from", lines, folder, "--yes", "--set", "currency=GBP")
    assert ended.returncode == 0, ended.stderr
    assert parse_config((folder / "cip.toml").read_text()).workspace.currency == "GBP"


def test_of_several_words_the_last_is_the_folder_unless_it_is_a_file(cip, lines, tmp_path) -> None:
    other = lines.with_name("countries.csv")
    other.write_text("code,land\n1,UK\n", encoding="utf-8")
    ended = cip("init", "--from", lines, other, tmp_path / "two", "--json")
    said = json.loads(ended.stdout)
    assert [source["name"] for source in said["proposal"]["sources"]] == ["lines", "countries"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--from", "nothing-here.csv", "shop"], "F-130"),
        (["--from", ".", "--preset", "telco", "shop"], "S-140"),
        (["shop"], "S-141"),
        (["--from", "x.csv", "shop", "--set", "currency"], "S-142"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(cip, arguments, code) -> None:
    ended = cip("init", *arguments)
    assert ended.returncode != 0
    assert ended.stderr.startswith(code)
    assert "Traceback" not in ended.stderr


def test_the_folder_may_stand_before_the_data(cip, lines, tmp_path) -> None:
    other = lines.with_name("countries.csv")
    other.write_text("code,land\n1,UK\n", encoding="utf-8")
    ended = cip("init", tmp_path / "first", "--from", lines, other, "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["workspace"] == str(tmp_path / "first")


def test_a_workspace_that_stands_is_refused_before_anything_is_read(cip, lines, tmp_path) -> None:
    (tmp_path / "cip.toml").write_text("mine", encoding="utf-8")
    ended = cip("init", "--from", lines, tmp_path, "--yes")
    assert "S-110" in ended.stderr
    assert (tmp_path / "cip.toml").read_text(encoding="utf-8") == "mine"


def test_a_terminal_asks_what_is_not_sure_and_takes_the_answers(lines, tmp_path) -> None:
    folder = tmp_path / "shop"
    command = [sys.executable, "-m", "cip", "init", "--from", str(lines), str(folder)]
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave) as asked:
        os.close(slave)
        os.write(master, b"USD\ny\n")
        said = "".join(_until_closed(master))
    os.close(master)
    assert asked.returncode == 0, said
    assert "nothing says in which currency" in said
    assert parse_config((folder / "cip.toml").read_text()).workspace.currency == "USD"


def _until_closed(terminal: int) -> Iterator[str]:
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return
        if not read:
            return
        yield read.decode("utf-8", errors="replace")


def test_every_preset_that_the_issue_names_ships() -> None:
    named = {"netflix-2025", "movielens-100k", "movielens-latest", "online-retail", "cdnow"}
    assert named | {"telco", "generic", "streaming"} <= set(presets())


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("preset", "data"),
    [
        ("cdnow", "cdnow/cdnow_master.parquet"),
        ("telco", "telco/telco_customer_churn.parquet"),
        ("movielens-100k", "movielens-100k"),
    ],
)
def test_a_preset_passes_the_check_on_the_data_it_is_for(
    cip, shared_data, tmp_path, preset, data
) -> None:
    init(tmp_path / "w", preset, shared_data / data, actor=local_owner())
    ended = cip("check", "-w", tmp_path / "w", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["ok"]


def test_movielens_latest_reads_the_files_as_they_are_published(cip, tmp_path) -> None:
    data = tmp_path / "ml-latest-small"
    data.mkdir()
    start, day = 1_000_000_000, 86_400
    ratings = [f"{k % 40},{k % 25},{1 + k % 5}.0,{start + k * day // 4}" for k in range(3000)]
    (data / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings]))
    movies = [f'{k},"Film, The ({1980 + k})",Drama|Comedy' for k in range(25)]
    (data / "movies.csv").write_text("\n".join(["movieId,title,genres", *movies]))
    init(tmp_path / "w", "movielens-latest", data, actor=local_owner())
    ended = cip("check", "-w", tmp_path / "w", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["rows"] == {"interactions": 3000, "items": 25}


def test_a_password_is_neither_written_nor_said(postgres, tmp_path, cip) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop schema if exists pay cascade")
        connection.execute("create schema pay")
        connection.execute(
            "create table pay.bills (bill_id int, client int, at timestamp, eur numeric)"
        )
        connection.execute(
            "insert into pay.bills select k, k % 40, timestamp '2023-01-01' + k * interval '9 h',"
            " k % 90 + 0.5 from generate_series(1, 1500) k"
        )
    try:
        secret = "s3cret-w0rd"  # noqa: S105 (the throw-away server asks for none)
        parts = urlsplit(postgres)
        query = f"?{parts.query}" if parts.query else ""
        user, host = parts.username or "postgres", parts.netloc.rpartition("@")[2]
        url = f"postgresql://{user}:{secret}@{host}{parts.path}{query}"
        ended = cip("init", "--from", url, tmp_path / "w", "--yes")
        assert ended.returncode == 0, ended.stderr
        text = (tmp_path / "w" / "cip.toml").read_text(encoding="utf-8")
        assert secret not in text + ended.stdout + ended.stderr
        assert "Set CIP_SOURCE_URL" in ended.stdout
        source = parse_config(text).sources["pay_bills"]
        assert (source.database, source.table) == ("env:CIP_SOURCE_URL", "pay.bills")
        refused = cip("init", "--from", f"{url}-no-such-database", tmp_path / "x", "--json")
        assert refused.returncode != 0
        assert secret not in refused.stdout + refused.stderr
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("drop schema pay cascade")
