"""The commands that apply and export, as somebody types them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from consentgw.cli import main
from tests.configuration.folders import SITE, VENDOR, written
from tests.conftest import SECRET


@pytest.fixture
def run(settings, monkeypatch):
    """Run the command line against the database of `settings`."""
    monkeypatch.setenv("CONSENTGW_DATA", str(settings.data))
    monkeypatch.setenv("CONSENTGW_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CONSENTGW_SECRET", SECRET)

    def typed(*words, answer=None):
        return CliRunner().invoke(main, [str(word) for word in words], input=answer)

    return typed


def test_a_plan_is_shown_and_only_a_yes_carries_it_out(run, tmp_path):
    folder = written(tmp_path / "shop")

    no = run("apply", folder, answer="n\n")
    assert "shop: adds the site\nshop: publishes our starter text as its policy\nDo this? [y/N]" in no.output
    assert no.exit_code == 1
    assert run("site", "list").output == ""

    yes = run("apply", folder, answer="y\n")
    assert yes.exit_code == 0, yes.output
    assert yes.output.endswith("is published\n")
    assert run("site", "list").output.startswith("shop\t")


def test_the_second_time_says_so_and_ends_well(run, tmp_path):
    folder = written(tmp_path / "shop")
    run("apply", folder, "--yes")

    again = run("apply", folder, "--yes")

    assert (again.output, again.exit_code) == ("nothing to do\n", 0)


def test_faults_are_lines_and_no_traceback(run, tmp_path):
    folder = written(tmp_path / "shop", SITE.replace("240140012342", "1") + "colour = 1\n")

    done = run("apply", folder, "--yes")

    assert done.exit_code == 1
    assert done.output == f"Error: {folder}/site.toml: tags[1].colour is not a setting we know\n"


def test_a_site_is_added_by_its_file_once_and_changed_by_applying(run, tmp_path):
    file = written(tmp_path / "shop") / "site.toml"

    assert "added shop, policy shop-" in run("site", "add", file).output
    again = run("site", "add", file)

    assert again.exit_code == 1
    assert again.output == "Error: there is a site 'shop' already; consentgw apply changes it\n"
    assert run("apply", tmp_path / "shop").output == "nothing to do\n"


def test_what_is_exported_can_be_applied_and_nothing_is_written_over(run, tmp_path):
    run("apply", written(tmp_path / "shop", SITE + VENDOR), "--yes")

    done = run("export", "shop", tmp_path / "copy")
    assert done.exit_code == 0, done.output
    assert run("apply", tmp_path / "copy").output == "nothing to do\n"

    again = run("export", "shop", tmp_path / "copy")
    assert again.output == f"Error: {tmp_path}/copy is not empty; choose another folder\n"
    assert run("export", "nobody", tmp_path / "other").output == "Error: there is no site 'nobody'\n"


def test_what_cannot_be_written_is_one_sentence(run, tmp_path):
    run("apply", written(tmp_path / "shop"), "--yes")
    (tmp_path / "file").write_text("", encoding="utf-8")

    done = run("export", "shop", tmp_path / "file" / "copy")

    assert done.exit_code == 1
    assert done.output == f"Error: cannot write {tmp_path}/file/copy: Not a directory\n"
    assert isinstance(done.exception, SystemExit)


def test_the_presets_are_listed_with_how_well_they_are_known(run):
    said = run("presets").output

    assert "meta-pixel: Meta Pixel, for marketing; id (pixel ID)" in said
    assert "  server: server_side_only. " in said
    assert "  cookie lidc: 1 day, third party" in said
    assert "  cookie fr: 90 days, third party, lifetime not read in the vendor's documents" in said
