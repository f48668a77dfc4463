"""How often something may be tried.

Wrong passwords and codes are counted by all processes together, and beyond restarts. What happens
with every message must not cost a query: that is counted by each process for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from limits import (
    RateLimitItem,
    RateLimitItemPerDay,
    RateLimitItemPerHour,
    RateLimitItemPerMinute,
)

from chat.addresses import network_of, site_of


@dataclass(frozen=True, slots=True)
class Rule:
    """At most so many in a window, for each key; `shared` by all processes."""

    name: str
    item: RateLimitItem
    shared: bool = False


# Of a mailbox for each purpose: a stranger who wants to register does not keep its owner from a
# reset.
CODES_PER_EMAIL = Rule("code-email", RateLimitItemPerHour(3), shared=True)
CODES_PER_ADDRESS = Rule("code-address", RateLimitItemPerHour(100), shared=True)
# Few for an account from one caller, so that a stranger cannot lock anybody out; more of all.
FAILED_LOGINS_PER_ACCOUNT = Rule("login-account", RateLimitItemPerMinute(5, 5), shared=True)
FAILED_LOGINS_FROM_ANYWHERE = Rule("login-anywhere", RateLimitItemPerMinute(50, 5), shared=True)
# Of the account's own devices, and of its own networks, which are not counted among all others:
# whoever had the password may have collected many of them.
FAILED_LOGINS_OF_KNOWN = Rule("login-known", RateLimitItemPerMinute(50, 5), shared=True)
FAILED_LOGINS_PER_ADDRESS = Rule("login-address", RateLimitItemPerMinute(50, 5), shared=True)
LOG_INS = Rule("login-right", RateLimitItemPerMinute(30, 5), shared=True)
# Of a caller, so that a stranger cannot void the codes of others again and again; for a short
# while only, because a whole school may be one caller.
WRONG_CODES = Rule("code-wrong", RateLimitItemPerMinute(60, 5), shared=True)
# So many are more than people mistype, when of each caller only the first few count: many networks
# guess. From there on a caller who has had these few gets one try for each code, so that a right
# one passes whatever the neighbours type. An operator is told once an hour.
FIRST_WRONG_CODES = Rule("code-wrong-first", RateLimitItemPerHour(5), shared=True)
WRONG_CODES_OF_ALL = Rule("code-wrong-all", RateLimitItemPerHour(200), shared=True)
GUESSING_ALARMS = Rule("code-alarm", RateLimitItemPerHour(1), shared=True)
# Nobody guesses the token of a link, so a good one is never refused.
WRONG_LINKS = Rule("link-wrong", RateLimitItemPerMinute(60, 5), shared=True)
# How often it is told that a username is taken: to a mailbox, or those with one invitation, and to
# a caller. A name that is free is not counted. It is refused where the invitation has no more.
TAKEN_NAMES_PER_MAILBOX = Rule("taken-mailbox", RateLimitItemPerHour(20), shared=True)
TAKEN_NAMES_PER_LINK = Rule("taken-link", RateLimitItemPerHour(100), shared=True)
TAKEN_NAMES_PER_ADDRESS = Rule("taken-address", RateLimitItemPerHour(100), shared=True)
ALL = "all"  # the key where there is but one
# By user, as many as the setting of that name says: none before it is read.
AS_CONFIGURED = RateLimitItemPerMinute(0)
MESSAGES = Rule("MESSAGES_PER_MINUTE", AS_CONFIGURED)
JOINS = Rule("JOINS_PER_MINUTE", AS_CONFIGURED)
SEARCHES = Rule("SEARCHES_PER_MINUTE", AS_CONFIGURED)
CONNECTIONS = Rule("CONNECTIONS_PER_MINUTE", AS_CONFIGURED)
ROOMS = Rule("ROOMS_PER_MINUTE", AS_CONFIGURED)
CHANGES = Rule("CHANGES_PER_MINUTE", AS_CONFIGURED)
# Tries to open one more direct room while as many as one may have seem to wait for an answer: each
# asks the logs of all of them.
TRIES_AT_BOUND = Rule("opening", RateLimitItemPerMinute(10, 10))
# Groups that others add one person to without asking; beyond them the person is asked. As many as a
# busy day brings, and far from the most that one may be in.
ADDITIONS = Rule("additions", RateLimitItemPerDay(20), shared=True)
# Strangers whom one person asks to join a group, and how often one of them is asked. Counted apart
# from the requests, which go with their group.
ASKS_BY_ONE = Rule("asks-by", RateLimitItemPerDay(100), shared=True)
ASKS_TO_ONE = Rule("asks-to", RateLimitItemPerDay(5, 30), shared=True)
SITE_RATE_FACTOR = 10  # a /48 may do as much as so many of its networks
CONFIGURABLE = (MESSAGES, JOINS, SEARCHES, CONNECTIONS, ROOMS, CHANGES)


def per_caller(rule: Rule, address: str) -> list[tuple[Rule, str]]:
    """Return the rules and keys under which one caller is counted.

    Whoever has a /48 of IPv6 has 65,536 networks, so it is counted too, by a more generous rule: a
    provider may give each of its customers one network of it.
    """
    network, site = network_of(address), site_of(address)
    if site is None:
        return [(rule, network)]
    wider = type(rule.item)(rule.item.amount * SITE_RATE_FACTOR, rule.item.multiples)
    return [(rule, network), (Rule(f"{rule.name}-site", wider, rule.shared), site)]
