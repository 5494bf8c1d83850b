"""Notices: what a person is asked, and the exact snapshot of what they were shown.

A notice is content-addressed: the SHA-256 of its canonical JSON (RFC 8785) names it, so a receipt that points to a
notice points to the very words. One per site, language and configuration. A form carries the notice it showed;
an answer to a notice that is no longer current is not kept.

Notices come in rounds. Answers of a round count as long as it goes on; it ends when something people agreed to
changes, never for words. Who answered is asked again after expiry, in a new round, or about a new purpose.

Answers GDPR Art. 7(1) and 13, ISO/IEC 29184 clause 5.3, Kazakh law on personal data Art. 25(2)(5).
"""
