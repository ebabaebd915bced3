"""UART of the link: see tb_uart.py."""

from __future__ import annotations

from tests.rtl.runner import run


def test_uart() -> None:
    run("uart_pair", ["ohm_uart_rx.sv", "ohm_uart_tx.sv", "tests/rtl/uart/uart_pair.sv"], "tests.rtl.uart.tb_uart")
