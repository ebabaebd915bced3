"""Whatever runs do and however they end, the ledger is what was recorded plus what may have happened unrecorded."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.record.making import IMAGE, SHAPE, Mask, make_cells, unfinished

from ohmbench.errors import WearError
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Run, Store

BUDGET = 60
MOST = 15

masks = arrays(np.bool_, SHAPE)
parts = arrays(np.float64, (3, *SHAPE), elements=st.sampled_from([0.0, 0.1, 0.5, 1.0]))


class Lab(RuleBasedStateMachine):
    """Runs on one array, with the pulses that its cells really got kept beside the record."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "record.sqlite"
        self.open()
        self.fired = np.zeros(SHAPE, np.int64)
        self.recorded = np.zeros((3, *SHAPE), np.int64)
        self.reserved = np.zeros(SHAPE, np.int64)
        self.most = 0
        self.run: Run | None = None

    def open(self) -> None:
        self.store = Store.open(self.path)
        self.store.array("A", "1T1R", *SHAPE, budget=BUDGET)

    def passed(self, mask: Mask, most: int) -> None:
        self.pending, self.most = mask, most
        self.reserved += np.where(mask, most, 0)

    @rule(mask=masks, most=st.integers(0, MOST))
    def begin(self, mask: Mask, most: int) -> None:
        fits = np.all((self.recorded.sum(axis=0) + self.reserved + most <= BUDGET) | ~mask) or most == 0
        count = len(self.store.runs("A"))
        try:
            run = self.store.begin_run("program", "A", rung="twin", mask=mask, pulses=most, image_sha256=IMAGE)
        except WearError:
            assert not fits
            assert len(self.store.runs("A")) == count
            return
        assert fits
        self.run = run
        self.passed(mask, most)

    @precondition(lambda self: self.run)
    @rule(mask=masks, most=st.integers(0, MOST))
    def another_pass(self, mask: Mask, most: int) -> None:
        assert self.run is not None
        try:
            self.run.begin_pass(mask, most)
        except WearError:
            return
        self.passed(mask, most)

    @precondition(lambda self: self.run)
    @rule(mask=masks, part=parts, lost=st.booleans())
    def pulse(self, mask: Mask, part: Mask, lost: bool) -> None:
        """Cells get some of the pulses that they may, and their records arrive or are lost."""
        assert self.run is not None
        cells = mask & self.pending
        got = (part * cells * (self.most // 3)).astype(np.int64)
        self.fired += got.sum(axis=0)
        self.pending = self.pending & ~cells
        if lost:
            return
        self.run.record(make_cells(cells, set_pulses=got[0], reset_pulses=got[1], form_pulses=got[2]))
        self.recorded += got
        self.reserved -= np.where(cells, self.most, 0)

    @precondition(lambda self: self.run)
    @rule(status=st.sampled_from(RunStatus))
    def finish(self, status: RunStatus) -> None:
        assert self.run is not None
        self.run.finish(status)
        self.run = None

    @rule()
    def die(self) -> None:
        self.store.close()
        self.run = None
        self.open()

    @rule()
    def resume(self) -> None:
        found = unfinished(self.store, "A", IMAGE)
        if found is not None:
            self.run = self.store.reopen(found.id, "A")
            self.pending, self.most = np.zeros(SHAPE, np.bool_), 0

    @invariant()
    def the_ledger_is_right(self) -> None:
        wear = self.store.wear("A")
        assert np.array_equal([wear.set_pulses, wear.reset_pulses, wear.form_pulses], self.recorded)
        assert np.array_equal(wear.reserved, self.reserved)
        assert np.all(wear.total >= self.fired)
        assert wear.total.max() <= BUDGET

    def teardown(self) -> None:
        self.store.check()
        self.store.close()
        self.folder.cleanup()


TestLab = Lab.TestCase
TestLab.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
