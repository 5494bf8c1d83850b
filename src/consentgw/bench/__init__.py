"""The benchmark: what a request costs on this machine, told by ratios that travel.

Rates differ from machine to machine and from minute to minute, so every address is measured beside a yardstick:
a bare ASGI answer on the same server, in the same run, a slice of each in turn. What counts is the median over
the rounds of "processor time of the yardstick / processor time of the address", and the goals are set in that.

The servers under test are real ones in processes of their own, on a temporary database; the load comes from this
process, over loopback, and says how busy it was itself.
"""

from consentgw.bench.trial import run

__all__ = ["run"]
