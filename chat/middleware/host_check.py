"""Refuses requests for other hosts, as a defence against DNS rebinding.

An attacker can let the name of a page's host resolve to the address of this server. For a browser,
answers then have the origin of that page, so the page may read them. But `Host` has that name.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from chat.concurrency import repay
from chat.errors import MisdirectedRequest
from chat.hosts import Hosts
from chat.refusals import refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHOWN = 100  # characters of a refused host in the log

log = logging.getLogger(__name__)


class HostCheck:
    """WSGI middleware: refuses requests for a host that is not this server's.

    A request without `Host` comes from no browser and passes.
    """

    def __init__(self, application: WSGIApplication, hosts: Hosts) -> None:
        self._application = application
        self._hosts = hosts

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST")
        if host is None or self._hosts.include(host):
            return self._application(environ, start_response)
        log.info("refused a request for the host %s, which HOSTS does not name", host[:SHOWN])
        repay()  # a refused request takes no turn, so the caller repays here
        return refuse(MisdirectedRequest(), environ, start_response)
