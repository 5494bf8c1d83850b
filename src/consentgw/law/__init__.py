"""Law profiles: what a country's rules make of a consent and of a person's request, as dated data.

Facts, not legal advice. Every value says where it was read, from when it holds and when somebody last
checked it; a value nobody could check is used as a careful promise and never printed as law. Rules change
with a file, not with code.

Profiles live in ``data/*.toml``: ``kz``, ``eu``, ``uk``, ``us-ca`` and ``br``; ``ru`` and ``uz`` are
there, disabled until somebody has read their texts.
"""
