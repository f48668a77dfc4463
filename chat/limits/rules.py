"""The rules of the rate limits.

Wrong passwords and codes are counted by all processes together, and across restarts. Frequent
actions such as sending must not cost a query, so each process counts them for itself.
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
    """A limit of a window, for each key; with `shared`, all processes count together."""

    name: str
    item: RateLimitItem
    shared: bool = False


# For each mailbox and purpose, so that a stranger's registrations do not block the owner's reset.
CODES_PER_EMAIL = Rule("code-email", RateLimitItemPerHour(3), shared=True)
CODES_PER_ADDRESS = Rule("code-address", RateLimitItemPerHour(100), shared=True)
# A low limit for one caller and account, so that a stranger cannot lock the owner out; a higher one
# for all callers together.
FAILED_LOGINS_PER_ACCOUNT = Rule("login-account", RateLimitItemPerMinute(5, 5), shared=True)
FAILED_LOGINS_FROM_ANYWHERE = Rule("login-anywhere", RateLimitItemPerMinute(50, 5), shared=True)
# The account's known devices and networks are not counted with the others, but have this limit
# together, because somebody who once had the password may have collected many of them.
FAILED_LOGINS_OF_KNOWN = Rule("login-known", RateLimitItemPerMinute(50, 5), shared=True)
FAILED_LOGINS_PER_ADDRESS = Rule("login-address", RateLimitItemPerMinute(50, 5), shared=True)
LOG_INS = Rule("login-right", RateLimitItemPerMinute(30, 5), shared=True)
# For each caller, so that a stranger cannot use up the codes of others again and again. The window
# is short, because a whole school may be one caller.
WRONG_CODES = Rule("code-wrong", RateLimitItemPerMinute(60, 5), shared=True)
# Detects guessing from many networks: only the first few wrong codes of each caller count, and
# people do not mistype more than the limit. Beyond it, a caller who has had these few gets one try
# for each code, so that a right code passes whatever others on the network type. The operator is
# warned once an hour.
FIRST_WRONG_CODES = Rule("code-wrong-first", RateLimitItemPerHour(5), shared=True)
WRONG_CODES_OF_ALL = Rule("code-wrong-all", RateLimitItemPerHour(200), shared=True)
GUESSING_ALARMS = Rule("code-alarm", RateLimitItemPerHour(1), shared=True)
# Tokens of links cannot be guessed, so a right one is never refused.
WRONG_LINKS = Rule("link-wrong", RateLimitItemPerMinute(60, 5), shared=True)
# How many taken usernames are revealed to a mailbox, to the holders of one invitation, and to a
# caller. Free names do not count, but over the limit of an invitation they are refused too.
TAKEN_NAMES_PER_MAILBOX = Rule("taken-mailbox", RateLimitItemPerHour(20), shared=True)
TAKEN_NAMES_PER_LINK = Rule("taken-link", RateLimitItemPerHour(100), shared=True)
TAKEN_NAMES_PER_ADDRESS = Rule("taken-address", RateLimitItemPerHour(100), shared=True)
ALL = "all"  # the key of rules with a single counter
# Rules by user, whose limits come from the settings of the same names.
AS_CONFIGURED = RateLimitItemPerMinute(0)
MESSAGES = Rule("MESSAGES_PER_MINUTE", AS_CONFIGURED)
JOINS = Rule("JOINS_PER_MINUTE", AS_CONFIGURED)
SEARCHES = Rule("SEARCHES_PER_MINUTE", AS_CONFIGURED)
MESSAGE_SEARCHES = Rule("MESSAGE_SEARCHES_PER_MINUTE", AS_CONFIGURED)
CONNECTIONS = Rule("CONNECTIONS_PER_MINUTE", AS_CONFIGURED)
ROOMS = Rule("ROOMS_PER_MINUTE", AS_CONFIGURED)
FILES = Rule("FILES_PER_MINUTE", AS_CONFIGURED)
CHANGES = Rule("CHANGES_PER_MINUTE", AS_CONFIGURED)
# Names behind an @ that are looked up in the database, in all their lengths. Each may cost two
# queries, and one message may have 50 names.
MENTIONED_NAMES = Rule("mentioned-names", RateLimitItemPerMinute(600))
# Tries to open a direct room at the bound of unanswered ones. Each reads the logs of all of them.
TRIES_AT_BOUND = Rule("opening", RateLimitItemPerMinute(10, 10))
# Groups to which others add a user without consent; beyond the limit the user is asked. Enough for
# a busy day, and far below the bound of groups of a user.
ADDITIONS = Rule("additions", RateLimitItemPerDay(20), shared=True)
# Membership requests by one user to strangers, and by one user to the same stranger. Counted apart
# from the stored requests, because these are deleted with their group.
ASKS_BY_ONE = Rule("asks-by", RateLimitItemPerDay(100), shared=True)
ASKS_TO_ONE = Rule("asks-to", RateLimitItemPerDay(5, 30), shared=True)
SITE_RATE_FACTOR = 10  # the limit of a /48 as a multiple of that of one network
CONFIGURABLE = (MESSAGES, JOINS, SEARCHES, MESSAGE_SEARCHES, CONNECTIONS, ROOMS, FILES, CHANGES)


def per_caller(rule: Rule, address: str) -> list[tuple[Rule, str]]:
    """Return the rules and keys under which one caller is counted.

    The owner of an IPv6 /48 has 65,536 networks, so the /48 is counted too. Its limit is higher,
    because a provider may give each customer one network of it.
    """
    network, site = network_of(address), site_of(address)
    if site is None:
        return [(rule, network)]
    wider = type(rule.item)(rule.item.amount * SITE_RATE_FACTOR, rule.item.multiples)
    return [(rule, network), (Rule(f"{rule.name}-site", wider, rule.shared), site)]
