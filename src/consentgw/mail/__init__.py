"""Mail: letters kept in the same transaction as the change they tell, and sent until the server takes them.

A letter holds an address, so it is sealed while it waits and gone once it is sent; what stays for a day is a keyed
digest of the address, to keep to three letters for each. The server being away delays a letter and never loses one.
Subjects hold no personal data, and no user's words reach a header (RFC 5322 by the standard library's policy).
"""
