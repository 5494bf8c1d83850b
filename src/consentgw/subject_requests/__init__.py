"""Subject requests: from a person's question to the answer in time.

Anybody may ask, without an account and without a script; nobody may use it to steal data. One table in
``model.py`` says which act leads from which state to which, and what a person must have proven for an answer.
The clock starts on receipt and stands still only while identity is being proven.

Promises: no path reaches an answer below its level of proof; erasing needs two persons and really erases;
names, addresses and texts are sealed under a key of their own for each request, and gone with it; nothing stays
past its term unless a legal hold says why, and nothing under one is destroyed; what is due is told before it is
late. Answers GDPR Art. 12 to 22, the Kazakh law on personal data Art. 8(7), 24 and
25(2)(8), Rules 395/НҚ, EDPB 01/2022 par. 69 to 78 (proportionate identification).
"""
