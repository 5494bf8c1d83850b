"""Consents: what a person decided, and the receipt that proves it.

The room keeps an append-only ledger. Its order is the log sequence, never a clock. A decision is recorded
once and never edited; changing one's mind is a new decision, withdrawing is a decision that grants nothing.
Silence is refusal.

Promises: an answer only after a durable commit; one form, one receipt; a withdrawal stops every process
within one second. Answers GDPR Art. 7(1), 7(3); EDPB 05/2020; Kazakh law on personal data Art. 8(2), 8(7),
25(2)(5).
"""
