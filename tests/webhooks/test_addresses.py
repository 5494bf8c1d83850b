"""No webhook leads into somebody's private network, however its address is written."""

from __future__ import annotations

import socket

import pytest

from consentgw.webhooks.addresses import loopback, public

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
    "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001::1", "2001:200::1", "3ffe::1", "2003::1",
]  # fmt: skip
HOSTILE = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "10.255.255.255"],
    "carriers' shared": ["100.64.0.1", "100.127.255.255"],
    "loopback": ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "link local, cloud metadata": ["169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fe80::a9fe:a9fe"],
    "protocol assignments": ["192.0.0.8", "192.0.0.170", "2001::1", "2001:1::1", "2001:1ff::1"],
    "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1", "3fff:fff::1"],
    "6to4": ["192.88.99.1", "2002:7f00:1::", "2002:a00:1::1", "2002::1"],
    "Teredo, benchmarking, ORCHID": ["2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:20::1"],
    "benchmarking": ["198.18.0.1", "198.19.255.255"],
    "AS112 and tunnels": ["192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved, broadcast": ["240.0.0.1", "255.255.255.255", "255.255.255.254"],
    "IPv4 inside IPv6": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8", "::ffff:0:7f00:1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1"],
    "unspecified, discard": ["::", "100::1"],
    "unique local, site local": ["fc00::1", "fd00:ec2::254", "fec0::1"],
    "outside what is given out": ["4000::1", "5f00::1", "1fff::1", "e000::1"],
    "no address": ["", "localhost", "1.1.1", "0x7f.1", "2130706433", "127.1", "1.1.1.1 ", "１.１.１.１", "2606::%1"],
}  # fmt: skip
SPELLINGS = ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1", "0", "0x7f000001", "017700000001"]
"""What a resolver takes for an address of this machine, though it does not look like one."""


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address):
    assert public(address)


@pytest.mark.parametrize(("kind", "address"), [(kind, one) for kind, some in HOSTILE.items() for one in some])
def test_no_other_may(kind, address):
    assert not public(address), kind


@pytest.mark.parametrize("name", SPELLINGS)
def test_an_address_in_disguise_is_seen_once_it_is_looked_up(name):
    found = {info[4][0] for info in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)}

    assert found
    assert not any(public(address) for address in found)


def test_this_machine_is_this_machine_and_nothing_near_it():
    assert loopback("127.0.0.1")
    assert loopback("::1")
    for address in ("127.0.0.2", "::ffff:127.0.0.1", "10.0.0.1", "0.0.0.0", "localhost", "1.1.1.1"):
        assert not loopback(address)
