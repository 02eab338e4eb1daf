"""One file an API: each turns a decoded request into its answer, or hands it on.

A handler is made from the parts of the broker that it needs, and `broker/apis.py` registers it in the `ApiTable`.
Nothing else imports these modules.
"""
