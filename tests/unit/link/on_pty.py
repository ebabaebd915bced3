"""A model of the FPGA behind a pty, which a host opens like a serial port."""

from __future__ import annotations

import os
import select
import threading
import time

from tests.unit.link.fpga_model import FpgaModel


class Pty:
    """A pty; `path` is what the host opens, `end` the descriptor of the other side."""

    def __init__(self) -> None:
        self.end, self._kept = os.openpty()
        self.path = os.ttyname(self._kept)
        self._open = True

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self.end)
            os.close(self._kept)


class Board:
    """A model of the FPGA that answers on a pty until it is stopped, or its cable is pulled after so many bytes."""

    def __init__(self, pty: Pty) -> None:
        self.model = FpgaModel(time.monotonic, frames_a_step=4)
        self.pull_after = 1 << 60
        self._pty = pty
        self._quit_read, self._quit_write = os.pipe()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def stop(self) -> None:
        os.write(self._quit_write, b"q")
        self._thread.join()
        os.close(self._quit_read)
        os.close(self._quit_write)

    def _serve(self) -> None:
        end = self._pty.end
        while True:
            ready, _, _ = select.select([end, self._quit_read], [], [], 0.02)
            if self._quit_read in ready:
                return
            data = os.read(end, 4096) if ready else b""
            self.pull_after -= len(data)
            if self.pull_after < 0:
                self._pty.close()
                return
            answer = self.model.receive(data) if data else self.model.tick()
            self.model.rest_of_rate_change()
            while answer:
                answer = answer[os.write(end, answer) :]
