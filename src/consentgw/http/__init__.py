"""HTTP: the furniture that every room's pages and addresses share.

Two lanes in one app. Visitors' addresses are plain Starlette endpoints behind a small router (``lane``),
over bytes prepared beforehand; the REST API is FastAPI. Every address stands on a surface that declares its
headers once.
"""
