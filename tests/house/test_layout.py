"""The repository is what its plan says: nothing is left out, smuggled in or put where nobody looks for it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import click
import pytest

from consentgw.cli import main

ROOT = Path(__file__).parents[2]
TOP_LEVEL = {
    "pyproject.toml", "README.md", "docker-compose.yml", "migrations", "templates", "tests", "src",
    "docs", "run", "uv.lock", "LICENSE", "CHANGELOG.md", "SECURITY.md",
}  # fmt: skip
SHIPPED = {"src/consentgw/": "consentgw/", "templates/": "consentgw/templates/", "migrations/": "consentgw/migrations/"}
VAGUE = {"utils", "helpers", "common", "core", "manager", "base", "misc"}
MACHINE = re.compile(r"/(?:root|work|home/\w+|Users/\w+)/\w")
LONGEST = 400


@cache
def files() -> tuple[str, ...]:
    """Return every file that belongs to the repository, or will with the next commit."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted({name for name in names.split("\0") if name and (ROOT / name).is_file()}))


def text(name: str) -> str:
    """Return a file's text; what is no text has none."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_the_top_level_holds_what_the_plan_says_and_nothing_else():
    found = {name.split("/")[0] for name in files()}

    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def test_the_wheel_holds_the_code_the_templates_the_migrations_and_the_compiled_catalogues(tmp_path: Path):
    for name in files():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "tree" / name)
    for stray in ("src/consentgw/stray.pyc", "templates/.venv/stray.html", "data/secret"):  # ignored by git
        (tmp_path / "tree" / stray).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / stray).write_text("stray")

    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path / "wheel"]
    subprocess.run(build, cwd=tmp_path / "tree", check=True, capture_output=True)

    (wheel,) = (tmp_path / "wheel").iterdir()
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {
        target + name.removeprefix(source)
        for name in files()
        for source, target in SHIPPED.items()
        if name.startswith(source)
    }
    catalogues = {re.sub(r"\.po$", ".mo", name) for name in expected if name.endswith(".po")}
    assert catalogues
    assert packed == expected | catalogues


def test_every_import_looks_down():
    checked = subprocess.run([Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_every_module_says_in_its_name_what_it_is():
    vague = [name for name in files() if name.endswith(".py") and Path(name).stem in VAGUE]

    assert not vague


def test_no_source_file_is_too_long_to_read():
    sources = [name for name in files() if name.startswith("src/") and name.endswith(".py")]
    long = [name for name in sources if len(text(name).splitlines()) > LONGEST]

    assert not long


def test_no_file_names_a_place_on_somebody_s_machine():
    named = [f"{name}: {found[0]}" for name in files() if (found := MACHINE.search(text(name)))]

    assert not named


def commands() -> list[list[str]]:
    """Return every command in the README's code blocks that is ours."""
    blocks = re.findall(r"```(?:sh|console|shell|bash)\n(.*?)```", text("README.md"), flags=re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    words = [shlex.split(part, comments=True) for line in lines for part in line.split("&&")]
    return [command for command in words if command and command[0] in {"./run", "consentgw"}]


def test_the_readme_leads_with_the_two_commands():
    assert [command[:2] for command in commands()][:2] == [["./run", "demo"], ["./run", "test"]]


@pytest.mark.parametrize("command", commands(), ids=shlex.join)
def test_every_command_in_the_readme_exists(command: list[str]):
    if command[0] == "./run":
        assert f"\n{command[1]})\n" in text("run")
        return
    here: click.Command = main
    for word in command[1:]:
        if not isinstance(here, click.Group):
            break
        assert word in here.commands, f"{shlex.join(command)}: there is no {word}"
        here = here.commands[word]
    options = {option for parameter in here.params for option in parameter.opts}
    assert {word.split("=")[0] for word in command if word.startswith("--")} <= options


def test_the_checks_of_a_change_are_the_readme_s_own_commands():
    steps = [line for line in text(".ci/run").splitlines() if not line.startswith("#")]

    assert steps == ["set -eu", 'cd "$(dirname "$0")/.."', "./run check", "./run test"]
