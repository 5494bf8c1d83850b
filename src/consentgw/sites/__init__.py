"""Sites: who embeds us, and who is answerable.

A site is one partner website with one operator. Its origins decide which pages may frame our documents and post
decisions; its languages decide what a visitor can be shown; its law profile how long a choice is valid.
Configuration, not history: a site may change, what was shown to people is kept by the notices room.

Answers GDPR Art. 13(1)(a) and Art. 8(4)(1) of the Kazakh law on personal data: the operator is named, with its BIN.
"""
