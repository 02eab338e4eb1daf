"""The message classes, one module an API or other message, generated from the schema and imported on first use.

Anyone may import `barnabas.protocol.messages.<api>`; by key or name ask the functions here.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import cast

from barnabas.protocol.message import Message, RequestMessage, ResponseMessage
from barnabas.protocol.messages.index import APIS, MODULES


@cache
def message_class(name: str) -> type[Message]:
    """The class of the message with this name, as "VotersRecord". Raises KeyError if there is none."""
    module = import_module(f"{__name__}.{MODULES[name]}")
    return cast("type[Message]", getattr(module, name))


@cache
def request_class(api_key: int) -> type[RequestMessage]:
    """The class of an API's request. Raises KeyError for an unknown key."""
    return cast("type[RequestMessage]", message_class(APIS[api_key] + "Request"))


@cache
def response_class(api_key: int) -> type[ResponseMessage]:
    """The class of an API's response. Raises KeyError for an unknown key."""
    return cast("type[ResponseMessage]", message_class(APIS[api_key] + "Response"))
