"""The API's reference: pages made on the server from the OpenAPI document, and one page for each problem type.

Why: whoever runs a back end must be able to use the service from its own documentation, and we serve no script,
so none of the scripted viewers will do. The document is read into plain values once (``reading``, ``schemas``,
``samples``), written as one page with a fingerprint, and kept as bytes. It documents what is served and nothing
else: the same document is at ``/openapi.json`` (OpenAPI 3.1).
"""
