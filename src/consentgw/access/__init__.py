"""Access: who may call the API, what they may do there, and what they did.

A key is shown once and kept as a hash; it has scopes, an end, and often one site, and what it makes is never wider than
itself. Every act enters a trail that only grows, in the transaction of the act. A POST with an ``Idempotency-Key`` is
done once, whatever the network does. Keys as in GitHub's scheme; ASVS 5.0 6.5.2, 8.3; RFC 6750; RFC 9457;
draft-ietf-httpapi-idempotency-key-header-07.
"""
