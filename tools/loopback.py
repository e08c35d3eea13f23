"""This machine, by the names that it has for itself."""

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine, by its name alone: nobody is asked, so a name that leads here is another's."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
