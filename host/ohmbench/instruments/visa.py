"""Open an instrument by its VISA address. What it is, and so which driver it needs, it says by *IDN?."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from ohmbench.errors import InstrumentError, UsageError

TIMEOUT_S = 2.0
"""Longest wait for an answer: a multimeter that integrates over 10 power line cycles takes 0.4 s, and ranging more."""

T = TypeVar("T")


def visa_library() -> str:
    """PyVISA's backend: OHMBENCH_VISA, such as "@ivi" for a vendor's library; else pyvisa-py, which needs none."""
    return os.environ.get("OHMBENCH_VISA", "@py")


@contextmanager
def trouble(what: str) -> Iterator[None]:
    """Turn what PyVISA and PyMeasure raise into an error of ours; what: said first.

    Raises:
        InstrumentError: something was raised.
    """
    from pyvisa.errors import Error

    try:
        yield
    except (Error, OSError, ValueError, TypeError, LookupError) as error:  # LookupError: no such channel or value
        raise InstrumentError(
            f"{what}: {error}.",
            "Check address, cable and the instrument's own display. `pyvisa-info` says which interfaces this machine "
            "has.",
        ) from error


def number(value: object, what: str) -> float:
    """A measured value, which is a number: instruments say NaN, or 9.9e37 (SCPI-99, 7.2.1.4), for what is none.

    Raises:
        ValueError: it is none.
    """
    measured = float(value)  # type: ignore[arg-type]  # drivers are untyped
    if not abs(measured) < 9e36:  # true of NaN too
        raise ValueError(f"{what} is {measured:g}, which is not a measured value")
    return measured


def open_driver(address: str, drivers: Mapping[str, Callable[[Any, str], T]]) -> T:
    """The driver of the instrument at an address.

    Args:
        drivers: by a pattern of what the instrument answers to *IDN?; called with a PyMeasure adapter and that answer.

    Raises:
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: nothing answers there, or an instrument of another kind does.
    """
    try:
        from pymeasure.adapters import VISAAdapter
    except ImportError as error:
        raise UsageError(
            f"Instruments need PyVISA and PyMeasure: {error}.",
            "Install them: pip install 'ohmbench[instruments]'.",
        ) from error
    with trouble(f"No instrument at {address}"):
        adapter = VISAAdapter(
            address, visa_library(), timeout=1000 * TIMEOUT_S, read_termination="\n", write_termination="\n"
        )
        adapter.write("*IDN?")
        identity = adapter.read().strip()
    for pattern, driver in drivers.items():
        if re.search(pattern, identity, re.IGNORECASE):
            with trouble(f"{identity} at {address}"), warnings.catch_warnings():
                # PyMeasure asks users of some drivers to tell it whether they speak SCPI
                warnings.simplefilter("ignore", FutureWarning)
                return driver(adapter, identity)
    raise InstrumentError(
        f"{address} is a {identity}, and ohmbench has no driver for it.",
        "docs/instruments.md lists the drivers.",
    )
