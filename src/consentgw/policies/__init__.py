"""Policies: versioned documents that say what happens to personal data, in every language of a site.

A version is published once and never edited: its name is unique in the installation, its digest covers every
word that people read and every date, and it copies in the digest of the version before it, so the past of a
policy cannot be rewritten unnoticed. It is in force from its publication and never earlier. A language it
lacks is a page that is not there: legal text has no silent fallback.

Authors write Markdown with places in double square brackets. Names, addresses and tables come from
configuration when the version is published, so the text says what is configured and nothing else.

Answers GDPR Art. 13 and Art. 8(4) and 25(2)(1-1) of the Kazakh law on personal data.
"""
