"""E-mail addresses and host names, in ASCII and in other letters."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

import idna

from chat.text.normalization import FULL_WIDTH, fold, nfc
from chat.text.visibility import is_line

MAX_ADDRESS = 254  # characters, of the form in which mail is sent to it
MAX_LOCAL = 64  # bytes before the @
MAX_HOST = 253
DOTLESS = ("gmail.com", "googlemail.com")  # domains of one provider, which ignores dots
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# Before the @, non-ASCII letters are allowed, for servers that accept them.
ATOM = r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,.\"]+"
ADDRESS = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
# Host names in a private network may have underscores, like those of containers.
HOST_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"{HOST_LABEL}(?:\.{HOST_LABEL})*")
SENDER = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")


class Sender(NamedTuple):
    """The sender of mail: a name for people, which may be empty, and an address in ASCII."""

    name: str
    address: str


def tidy_address(address: str) -> str:
    """Return an e-mail address as it is stored and shown: composed, without full-width ASCII."""
    local, at, domain = address.translate(FULL_WIDTH).rpartition("@")
    if not domain.isascii():
        domain = _remapped(domain)
    return nfc(local) + at + domain


def ascii_address(address: str) -> str | None:
    """Return an address with its domain in ASCII, to send mail to; None if it is invalid."""
    local, at, domain = address.rpartition("@")
    sent_to = f"{local}{at}{ascii_domain(domain) or ''}"
    if (
        not ADDRESS.fullmatch(sent_to)
        or len(sent_to) > MAX_ADDRESS
        or len(local.encode()) > MAX_LOCAL
        or not is_line(local)
        or "=?" in local  # mail headers decode it as an encoded word
    ):
        return None
    return sent_to


def is_international(address: str) -> bool:
    """Return whether only servers that offer SMTPUTF8 can send to the address."""
    return not address.rpartition("@")[0].isascii()


def fold_address(address: str) -> str:
    """Return the key by which e-mail addresses are compared: one for each mailbox.

    The domain is in its ASCII form. Before the @ only letter case and composition are normalized,
    because similar letters there can be different mailboxes.
    """
    local, at, domain = tidy_address(address).rpartition("@")
    return local.lower() + at + (ascii_domain(domain) or fold(domain)).lower()


def mailbox_of(address: str) -> str:
    """Return the key by which mails to one mailbox are counted.

    Most providers ignore a label after a plus, and one ignores dots. Use it only for counting,
    because at other providers such names can be different mailboxes.
    """
    local, at, domain = fold_address(address).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTLESS:
        local, domain = local.replace(".", ""), DOTLESS[0]
    return local + at + domain


def parse_domains(text: str) -> frozenset[str]:
    """Return the domains in a comma-separated list, in the form of `domain_of`.

    Raises ValueError with the first invalid domain.
    """
    found = set()
    for entry in filter(None, (part.strip() for part in text.split(","))):
        address = tidy_address(f"x@{entry}")
        if ascii_address(address) is None:
            raise ValueError(entry)
        found.add(domain_of(address))
    return frozenset(found)


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address in ASCII and lower case, for comparison."""
    return fold_address(address).rpartition("@")[2]


def is_address(name: str) -> bool:
    """Return whether a login name may be an e-mail address; some adopted usernames have an @."""
    return "@" in name.translate(FULL_WIDTH)


def fold_login(name: str) -> str:
    """Return the key by which log-ins are counted, by username or e-mail address.

    All spellings that find one account have one key, so that guesses cannot be spread over them.
    """
    if not is_address(name):
        return fold(name)
    local, at, domain = fold_address(name).rpartition("@")
    return fold(local + at + _unicode_domain(domain))


def ascii_domain(domain: str) -> str | None:
    """Return the ASCII form of a domain, as in DNS, or None if it has none."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def _unicode_domain(domain: str) -> str:
    """Return a domain with its ASCII form decoded, if it can be."""
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def ascii_host(host: str) -> str | None:
    """Return a host name in ASCII or an IP address, to connect to; None if it is invalid."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        name = (ascii_domain(host) or "").removesuffix(".")  # names in certificates have no dot
    return name if len(name) <= MAX_HOST and HOST.fullmatch(name) else None


def parse_sender(text: str) -> Sender | None:
    """Parse `chat@example.org` or `Chat, Inc <chat@example.org>`; return None if it is neither.

    The name needs no quotes. The address must be ASCII before the @, because SMTPUTF8 is requested
    only for recipients.
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
    """Return a domain in its canonical Unicode form; an invalid one unchanged."""
    try:
        return idna.uts46_remap(domain, std3_rules=False)
    except (idna.IDNAError, UnicodeError):
        return domain
