"""Operators: the people who answer, and how the desk knows them.

An operator is invited by whoever holds the installation's secret, chooses a password and an authenticator, or signs in
at the house's own identity provider. There is no default account and no way in by one secret alone. Sessions are kept
on the server and end by themselves; what is delicate asks who is there once more (OWASP ASVS 5.0, 6.3, 7.2-7.5).

An invitation carries the id its operator will have, so it can be taken up once, with nothing to store when it is made.
"""
