"""docker-compose.yml is valid, locked down, and speaks the gateway's own words."""

from __future__ import annotations

import re
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from consentgw.cli import main
from consentgw.settings import Settings

FILE = Path(__file__).parents[2] / "docker-compose.yml"
OURS = ["schema", "gateway-1", "gateway-2", "worker"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]


def test_it_is_what_the_compose_specification_allows():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", FILE]

    checked = subprocess.run(check, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout


def test_the_schema_is_brought_up_once_before_the_gateway_serves(services):
    assert services["schema"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["schema"]["restart"] == "no"
    for name in ("gateway-1", "gateway-2", "worker"):
        assert services[name]["depends_on"]["schema"]["condition"] == "service_completed_successfully"
    for name in ("gateway-1", "gateway-2"):
        assert "/health/ready" in services[name]["healthcheck"]["test"][-1]
        assert services["proxy"]["depends_on"][name]["condition"] == "service_healthy"


def test_only_the_proxy_is_reached_from_outside(services):
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("name", [*OURS, "proxy"])
def test_nothing_of_ours_runs_as_root_or_writes_to_its_own_files(services, name):
    service = services[name]

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "proxy" or "\nUSER 10001:10001\n" in service["build"]["dockerfile_inline"]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_and_every_command_exists(services, name):
    known = {f"CONSENTGW_{field.upper()}" for field in Settings.model_fields}
    command = main
    for word in services[name]["command"]:
        command = command.commands[word]

    assert services[name]["environment"].keys() <= known


def test_the_gateways_believe_the_proxy_wherever_it_is_in_their_network(services):
    network = yaml.safe_load(FILE.read_text(encoding="utf-8"))["networks"]["default"]["ipam"]["config"][0]["subnet"]

    assert services["gateway-1"]["environment"]["CONSENTGW_FORWARDED_ALLOW_IPS"] == network
    assert ip_network(network.removeprefix("${NETWORK:-").removesuffix("}")).is_private


def test_the_proxy_finds_a_gateway_that_was_made_anew(services):
    file = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    proxy = file["configs"]["proxy"]["content"]
    known_for = int(re.findall(r"^ *resolver 127\.0\.0\.11 valid=(\d+)s", proxy, flags=re.MULTILINE)[0])
    asked_for = int(services["gateway-2"]["healthcheck"]["interval"].removesuffix("s"))

    assert re.findall(r"^ *server (\S+):8080 resolve ", proxy, flags=re.MULTILINE) == ["gateway-1", "gateway-2"]
    assert known_for < asked_for + float(services["gateway-2"]["environment"]["CONSENTGW_STOP_DELAY_SECONDS"])


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_env_arrives_with_what_it_needs(services, name):
    assert services[name]["env_file"] == [{"path": ".env", "required": False}]
    assert " --all-extras " in services[name]["build"]["dockerfile_inline"]


def test_no_secret_has_a_value_anybody_could_know(services):
    for name in ("CONSENTGW_SECRET", "CONSENTGW_DATABASE_URL"):
        assert re.search(r"\$\{\w+:\?", services["gateway-1"]["environment"][name])
    assert services["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_the_image_is_built_from_files_that_are_there(services):
    copied = re.findall(
        r"^COPY (?!--from)(.+) \S+$", services["gateway-1"]["build"]["dockerfile_inline"], flags=re.MULTILINE
    )

    assert copied
    for name in " ".join(copied).split():
        assert (FILE.parent / name).exists()


def test_what_the_worker_does_is_done_by_it_alone(services):
    for name in ("gateway-1", "gateway-2"):
        assert services[name]["environment"]["CONSENTGW_WORKER_INSIDE"] == "false"
    assert services["worker"]["command"] == ["worker"]
