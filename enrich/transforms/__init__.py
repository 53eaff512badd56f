"""The transforms: one rewrite of a program in each file."""

from enrich.transforms.base import DashTransform, Transform
from enrich.transforms.base_model import BaseModelTransform
from enrich.transforms.blocking import BlockingCallbackTransform
from enrich.transforms.cycle_breaker import CycleBreakerTransform
from enrich.transforms.dataclass import DataclassTransform
from enrich.transforms.group import GroupTransform
from enrich.transforms.loading import LoadingTransform
from enrich.transforms.log import DashLogger, LogConfig, LogTransform
from enrich.transforms.multiplexer import MultiplexerTransform
from enrich.transforms.no_output import NoOutputTransform
from enrich.transforms.operator import Operator, OperatorTransform
from enrich.transforms.prefix_id import PrefixIdTransform, dynamic_prefix
from enrich.transforms.serverside import Serverside, ServersideOutputTransform
from enrich.transforms.trigger import TriggerTransform

__all__ = [
    "BaseModelTransform",
    "BlockingCallbackTransform",
    "CycleBreakerTransform",
    "DashLogger",
    "DashTransform",
    "DataclassTransform",
    "GroupTransform",
    "LoadingTransform",
    "LogConfig",
    "LogTransform",
    "MultiplexerTransform",
    "NoOutputTransform",
    "Operator",
    "OperatorTransform",
    "PrefixIdTransform",
    "Serverside",
    "ServersideOutputTransform",
    "Transform",
    "TriggerTransform",
    "dynamic_prefix",
]
