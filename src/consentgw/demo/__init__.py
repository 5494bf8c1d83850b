"""The demo: a gateway, three partners and their vendors in one process, for a newcomer to see it work.

Everything in it is invented except what is shown: the gateway is the real one, the partners' pages carry the
lines that ``consentgw site snippet`` prints and nothing else of ours, and the tags are the vendors' real
address templates, pointed at a stand-in that writes down every request it gets.

``run(port, data)`` is the command line's way in; ``opened(port, data)`` is the same as an ASGI application.
"""

from consentgw.demo.hosts import Addresses
from consentgw.demo.running import opened, run

__all__ = ["Addresses", "opened", "run"]
