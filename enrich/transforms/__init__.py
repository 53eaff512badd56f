"""The transforms: one rewrite of a program in each file."""

from enrich.transforms.base import DashTransform, Transform
from enrich.transforms.blocking import BlockingCallbackTransform
from enrich.transforms.cycle_breaker import CycleBreakerTransform
from enrich.transforms.group import GroupTransform
from enrich.transforms.multiplexer import MultiplexerTransform
from enrich.transforms.no_output import NoOutputTransform
from enrich.transforms.operator import Operator, OperatorTransform
from enrich.transforms.serverside import Serverside, ServersideOutputTransform
from enrich.transforms.trigger import TriggerTransform

__all__ = [
    "BlockingCallbackTransform",
    "CycleBreakerTransform",
    "DashTransform",
    "GroupTransform",
    "MultiplexerTransform",
    "NoOutputTransform",
    "Operator",
    "OperatorTransform",
    "Serverside",
    "ServersideOutputTransform",
    "Transform",
    "TriggerTransform",
]
