"""The desk: where operators find what is due and answer it, without a script.

Pages only: every button calls a verb of another room, and the verb decides what may happen. The queue shows what is due
first first; a request stands on one page. Personal data is shown to those who work on requests and to nobody else, and
what leaves the gateway is handed out only to somebody who proved lately who they are.
"""
