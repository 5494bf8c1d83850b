"""Which addresses a webhook may be sent to: those that are routed on the public internet, and no other.

An allow-list of our own, since the standard library's idea of "global" lets through 6to4, NAT64 and more, and differs
by Python version. Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_UNICAST = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: wraps any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
_SPECIAL_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link local, where clouds keep their metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)


def public(address: str) -> bool:
    """Return whether an address literal, as the resolver gives it, is routed on the public internet."""
    known = _read(address)
    if isinstance(known, IPv4Address):
        return not any(known in network for network in _SPECIAL_V4)
    if known is None or known.scope_id:
        return False
    return known in _UNICAST and not any(known in network for network in _SPECIAL_V6)


def loopback(address: str) -> bool:
    """Return whether an address literal is this machine itself."""
    known = _read(address)
    return known is not None and known in {IPv4Address("127.0.0.1"), IPv6Address("::1")}


def _read(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(address)
    except ValueError:
        return None
