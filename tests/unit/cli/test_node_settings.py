"""What the command line's own variable means to a node."""

from __future__ import annotations

from barnabas.server.settings import Settings


def test_the_clients_bootstrap_variable_is_no_setting_of_a_node() -> None:
    environment = {"BARNABAS_BOOTSTRAP": "127.0.0.1:9092", "BARNABAS_NODE_ID": "7"}
    assert Settings.load(None, environment=environment).int("node.id") == 7
