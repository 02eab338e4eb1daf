"""The `barnabas` command: one file a noun. Sits on top of everything but `testing`; nobody else imports it."""
