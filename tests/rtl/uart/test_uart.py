"""UART of the link: see tb_uart.py."""

from __future__ import annotations

from runner import run


def test_uart() -> None:
    run("uart_pair", ["ohm_uart_rx.sv", "ohm_uart_tx.sv", "tests/rtl/uart/uart_pair.sv"], "tb_uart")
