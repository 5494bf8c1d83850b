"""Registers: what an operator must be able to show later, beside what people answered.

How often each vendor was asked on a site's behalf (law on personal data of Kazakhstan Art. 22(1)(5), GDPR
Art. 30(1)(d)); what state bodies were given; breaches, with the instant by which the authority must hear of them
(GDPR Art. 33). None of them names a person: transfers are counted by the day, the rest only grows.
"""
