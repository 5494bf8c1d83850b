"""Tags: the gate between a consent and a vendor.

A tag on a partner's page points here, never at the vendor. The gate answers with a redirect to the vendor's
address from configuration when every purpose of the tag is granted, valid and not withdrawn; otherwise with
nothing, in the form that kind of element takes quietly. Any doubt, any error, any missing answer is a no.
It never redirects a navigation, never to an address that came with the request, and nobody may keep its
answer.

Answers ePrivacy Art. 5(3), EDPB 2/2023 (pixels), GDPR Art. 7(3).
"""
