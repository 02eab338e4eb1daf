"""The pytest fixtures of Barnabas."""
