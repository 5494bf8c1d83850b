"""Cookies: every value of the asked name, and no other."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from consentgw.http.cookies import partitioned, read_cookies


def read(*lines, name="__Host-cg-shop"):
    headers = [(b"cookie", line) for line in lines]
    return list(read_cookies(Request({"type": "http", "headers": headers}), name))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"", []),
        (b"__Host-cg-shop=a", ["a"]),
        (b"__Host-cg-shop=", [""]),
        (b"__Host-cg-shop", []),
        (b"x=1; __Host-cg-shop=a; y=2", ["a"]),
        (b"x=1;__Host-cg-shop=a;y=2", ["a"]),
        (b"__Host-cg-shop=a; __Host-cg-shop=b", ["a", "b"]),
        (b"__Host-cg-shop=a=b=c", ["a=b=c"]),
        (b"__host-cg-shop=a", []),
        (b"__Host-cg-shop2=a", []),
        (b"x__Host-cg-shop=a", []),
        (b"__Host-cg-shop =a", []),
        (b"x=__Host-cg-shop=a", []),
        (b'__Host-cg-shop="a"', ['"a"']),
        (b"__Host-cg-shop=\xff\xfe", ["\xff\xfe"]),
    ],
)
def test_a_cookie_is_found_by_its_whole_name(line, found):
    assert read(line) == found


def test_values_of_several_lines_are_all_found():
    assert read(b"__Host-cg-shop=a", b"__Host-cg-shop=b") == ["a", "b"]


def test_a_line_longer_than_browsers_send_is_not_read():
    assert read(b"x=" + b"y" * 20_000 + b"; __Host-cg-shop=a") == []


def test_a_cookie_is_written_for_the_partition_it_was_set_in():
    assert partitioned("__Host-cg-shop", "v", 60) == (
        b"set-cookie",
        b"__Host-cg-shop=v; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=None; Partitioned",
    )
