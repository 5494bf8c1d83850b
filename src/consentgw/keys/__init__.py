"""Keys: what we sign with, and what others verify with.

Receipts are signed by an Ed25519 key whose private half lies in the database sealed under the
installation's secret, so every process signs alike and a stolen database signs nothing. Public halves are
never deleted: an old receipt must stay verifiable. Everything short-lived (form tokens, cookies, codes) is
sealed by keys derived from the secret, one per use (RFC 5869).

Formats: JWS with ``alg: Ed25519`` (RFC 9864), ``kid`` = JWK thumbprint (RFC 7638).
"""
