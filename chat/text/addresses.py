"""E-mail addresses and names of hosts, in ASCII and in other letters."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

import idna

from chat.text.normalization import fold, nfc
from chat.text.visibility import is_line

MAX_ADDRESS = 254  # characters, in the form that it is sent to
MAX_LOCAL = 64  # bytes before the @
MAX_HOST = 253
DOTLESS = ("gmail.com", "googlemail.com")  # two names of one provider
FULL_WIDTH = {0xFF00 + code: 0x20 + code for code in range(1, 0x5F)}
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Before the @, letters beyond ASCII are for servers that take them.
ATOM = r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,.\"]+"
ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
# Names of hosts in a private network may have underscores, as containers do.
HOST_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"{HOST_LABEL}(?:\.{HOST_LABEL})*")
SENDER = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


class Sender(NamedTuple):
    """The sender of mail: a name for people, which may be empty, and an address in ASCII."""

    name: str
    address: str


def tidy_address(address: str) -> str:
    """Return an e-mail address as it is stored and shown: composed, in ASCII's own width."""
    local, at, domain = address.translate(FULL_WIDTH).rpartition("@")
    if not domain.isascii():
        domain = _remapped(domain)
    return nfc(local) + at + domain


def ascii_address(address: str) -> str | None:
    """Return an address with its domain in ASCII, to send mail to; None if that cannot be done."""
    local, at, domain = address.rpartition("@")
    sent_to = f"{local}{at}{ascii_domain(domain) or ''}"
    if (
        not ADDRESS.fullmatch(sent_to)
        or len(sent_to) > MAX_ADDRESS
        or len(local.encode()) > MAX_LOCAL
        or not is_line(local)
        or "=?" in local  # mail headers are decoded there, to anything
    ):
        return None
    return sent_to


def is_international(address: str) -> bool:
    """Tell whether only servers that offer SMTPUTF8 can send to the address."""
    return not address.rpartition("@")[0].isascii()


def fold_address(address: str) -> str:
    """Return the key by which e-mail addresses are compared: one for each mailbox.

    The domain counts in its ASCII form. Before the @ only case and composition are evened out: two
    letters that look alike can be two people there.
    """
    local, at, domain = tidy_address(address).rpartition("@")
    return local.lower() + at + (ascii_domain(domain) or fold(domain)).lower()


def mailbox_of(address: str) -> str:
    """Return the key by which mails to one mailbox are counted, whatever name it is called by.

    What follows a plus is a label at most providers, and dots mean nothing at one. Only for
    counting: elsewhere such names can be mailboxes of several people.
    """
    local, at, domain = fold_address(address).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), DOTLESS[0]
    return local + at + domain


def parse_domains(text: str) -> frozenset[str]:
    """Return the domains in a list separated by commas, each as `domain_of` returns it.

    Raises ValueError with the first one that no e-mail address could have.
    """
    found = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        address = tidy_address(f"x@{entry}")
        if ascii_address(address) is None:
            raise ValueError(entry)
        found.add(domain_of(address))
    return frozenset(found)


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address as domains are compared: in ASCII, in lower case."""
    return fold_address(address).rpartition("@")[2]


def is_address(name: str) -> bool:
    """Tell whether somebody who logs in typed an e-mail address; some usernames look like one."""
    return "@" in name.translate(FULL_WIDTH)


def fold_login(name: str) -> str:
    """Return the key by which tries to log in are counted, by username or e-mail address.

    Whatever finds the same account has the same key, or guesses could be spread over spellings.
    """
    if not is_address(name):
        return fold(name)
    local, at, domain = fold_address(name).rpartition("@")
    return fold(local + at + _unicode_domain(domain))


def ascii_domain(domain: str) -> str | None:
    """Return the form in which name servers know a domain, or None if it has none."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def _unicode_domain(domain: str) -> str:
    """Return a domain in its own letters where its ASCII form stands for such."""
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def ascii_host(host: str) -> str | None:
    """Return a name or address of a host as it is connected to, or None if it cannot be one."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        name = (ascii_domain(host) or "").removesuffix(".")  # certificates are without the dot
    return name if len(name) <= MAX_HOST and HOST.fullmatch(name) else None


def parse_sender(text: str) -> Sender | None:
    """Read `chat@example.org` or `Chat, Inc <chat@example.org>`; None if it is neither.

    The name needs no quotes. A mail server is asked for SMTPUTF8 for those it is sent to, not for
    the sender, whose address has only ASCII before the @.
    """
    found = SENDER.fullmatch(text.strip())
    name, address = found.groups() if found else ("", text)
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    sent_from = ascii_address(tidy_address(address.strip()))
    if sent_from is None or not sent_from.isascii() or not is_line(name):
        return None
    return Sender(name, sent_from)


def _remapped(domain: str) -> str:
    """Return a domain as its owner would write it; one that cannot be a domain stays as it is."""
    try:
        return idna.uts46_remap(domain, std3_rules=False)
    except (idna.IDNAError, UnicodeError):
        return domain
