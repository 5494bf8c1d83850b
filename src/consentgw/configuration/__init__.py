"""Configuration as files: a folder says what a site is, asks and promises, and the database follows.

A folder holds ``site.toml``, the policy as ``policy/{kk,ru,en}.md`` and, where a text follows a published one,
``policy/change.toml``. Applying a folder is one unit of work that happens whole or not at all, and changes
nothing the second time. What was published is never changed: a new version follows it. Exporting writes the
same folder back.

Answers GDPR Art. 24 and 25: what holds is written down, can be reviewed, and is what runs.
"""
