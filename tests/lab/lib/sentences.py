"""What programs say of a trouble: in time, and with every fact that people need. Wording is free."""

import time

from .workspace import LabError

# From the moment that nothing gets through.
TOLD_WITHIN = 3.0

DEAF = "listening for"
UNHEARD = "heard no feedback of this host"


def says(program, *parts):
    return any(all(part in line for part in parts) for line in program.lines)


def await_sentence(program, since, limit, key, facts=()):
    """Waits for a line with `key`, until `limit` seconds after `since`; each of `facts` must be in that line.
    Returns how many seconds it took."""
    program.wait_until(lambda: says(program, key), max(0.1, since + limit - time.monotonic()),
                       f"a line with {key!r}")
    took = time.monotonic() - since
    line = next(line for line in program.lines if key in line)
    missing = [fact for fact in facts if fact not in line]
    if missing:
        raise LabError(f"{program.name} does not name {missing}: {line!r}")
    return took


def deaf_facts(interface, local, path, ttl=1):
    """What a deaf receiver must name; `path`: of the server's transmission, by its console."""
    sender = path["local_address"]
    return [f"{path['group']} on {interface} ({local})", f"sends from {sender} ",
            f"{'hop limit' if ':' in sender else 'TTL'} {ttl}", "Check", "firewall", "--ttl", "--interface",
            "MLD" if ":" in sender else "IGMP"]


def unheard_facts(local, feedback):
    """What a receiver must name whose feedback does not get to the server; `feedback`: by the server's console."""
    return [f"UDP from {'[' + local + ']' if ':' in local else local}:", f"to {feedback} ", "firewall",
            "--feedback-port"]
