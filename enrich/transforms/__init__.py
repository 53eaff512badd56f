"""The transforms: one rewrite of a program in each file."""

from enrich.transforms.base import DashTransform, Transform
from enrich.transforms.group import GroupTransform
from enrich.transforms.multiplexer import MultiplexerTransform
from enrich.transforms.no_output import NoOutputTransform
from enrich.transforms.serverside import Serverside, ServersideOutputTransform
from enrich.transforms.trigger import TriggerTransform

__all__ = [
    "DashTransform",
    "GroupTransform",
    "MultiplexerTransform",
    "NoOutputTransform",
    "Serverside",
    "ServersideOutputTransform",
    "Transform",
    "TriggerTransform",
]
