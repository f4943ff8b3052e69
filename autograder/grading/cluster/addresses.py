"""Addresses of schedulers and workers: of which form, on which machine, encrypted or not."""

from __future__ import annotations

import ipaddress
import re

FORM = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.%]+\]|[^\s/:\[\]]+):(\d{1,5})")


def parsed(address: str) -> tuple[str, str] | None:
    """(protocol, host) of "tls://host:8786"; None for what is no such address."""
    match = FORM.fullmatch(address)
    return (match[1], match[2].strip("[]")) if match and 0 < int(match[3]) < 65536 else None


def on_this_machine(host: str) -> bool:
    """Does what is sent to it never leave this machine?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def exposed(address: str) -> bool:
    """Does what is sent to this address go over a network, unencrypted?"""
    if (found := parsed(address)) is None:
        return not address.startswith("inproc://")
    return found[0] != "tls" and not on_this_machine(found[1])
