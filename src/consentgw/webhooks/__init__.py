"""Webhooks: telling a partner's own servers what happened, so that they need not ask.

A message says only which thing changed, by its id and a link; whoever is told reads the thing. It is sent at least
once, under an id that stays the same, until the endpoint answers 2xx; in no promised order, with the place in the
outbox to put them in one. Whether a tag may be released is never taken from here: the gateway itself is asked.

An endpoint is an address somebody else chose, so it is only ever reached over TLS, at a public address that was looked
up once and checked (`addresses.py`, `sending.py`). Follows `Standard Webhooks 1.0 <https://www.standardwebhooks.com>`_.
"""
