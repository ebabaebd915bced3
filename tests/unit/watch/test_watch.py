"""The page of a running job: what it says, to whom, and how soon."""

from __future__ import annotations

import dataclasses
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlparse
from xml.etree import ElementTree

import numpy as np
import pytest
from markupsafe import Markup
from tests.chromium import chromium, needs_chromium

from ohmbench.errors import StoreError, UsageError
from ohmbench.experiments.registry import load
from ohmbench.record.names import RunStatus
from ohmbench.record.records import Cells, CellStatus
from ohmbench.record.store import Run, Store
from ohmbench.watch.page import html
from ohmbench.watch.server import HOST, Handler, WatchServer
from ohmbench.watch.state import State

EVERY = np.ones((32, 32), np.bool_)
SOON_S = 1.0
NOTHING = {"run": None, "events": [], "runs": [], "arrays": []}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "record.sqlite") as store:
        store.array("W1", "1T1R", 32, 32, budget=1000)
        yield store


@contextmanager
def serving(store: Store, handler: type[Handler] = Handler, run: int | None = None) -> Iterator[WatchServer]:
    with WatchServer(store.database.path, run=run) as server:
        server.RequestHandlerClass = handler
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def answer(
    server: WatchServer, path: str, host: str | None = None, method: str = "GET"
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=10)
    try:
        connection.request(method, path, headers={} if host is None else {"Host": host})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def status(server: WatchServer, path: str, host: str | None = None, method: str = "GET") -> int:
    with answer(server, path, host, method) as response:
        return response.status


def text(server: WatchServer, path: str) -> str:
    with answer(server, path) as response:
        assert response.status == 200
        return response.read().decode()


def state(server: WatchServer, query: str = "") -> Any:
    return json.loads(text(server, f"/state{query}"))


def program(store: Store) -> Run:
    run = store.begin_run(
        "program", "W1", rung="twin", mask=EVERY, pulses=9, image_number=2, recipe={"read_v": 0.2}, image_sha256="a"
    )
    record_rows(run, 0, 8)
    return run


def record_rows(run: Run, first: int, end: int, code: int = 384) -> None:
    rows = np.arange(32)[:, None] * np.ones(32, np.int64)
    numbers = np.ones((32, 32), np.int64)
    converged = CellStatus.CONVERGED * numbers
    cells = (rows >= first) & (rows < end)
    run.record(
        Cells(cells, 0 * numbers, 999 * numbers, code * numbers, numbers, numbers, 0 * numbers, numbers, converged)
    )


def test_a_programming_run(store: Store) -> None:
    with serving(store) as server:
        assert state(server) == NOTHING | {"arrays": [{"serial": "W1", "pulses": 0}]}
        run = program(store)
        found = state(server)
        assert (found["kind"], found["serial"], found["status"]) == ("program", "W1", "running")
        assert (found["done"], found["total"], found["what"]) == (
            256,
            1024,
            "image 2 (counted from 0), pass 1, 256 of 1024 cells",
        )
        run.begin_pass(EVERY & ~EVERY, 9)  # once more for cells that failed: the pass of the events is the same
        assert "pass 1" in state(server)["what"]
        run.note("pass 2: 3 cells outside of their window")
        assert "pass 2" in state(server)["what"]
        assert found["usiemens"][:256] == [100.0] * 256  # 384 codes at 0.2 V through 2400 ohm and 125 uV a code
        assert found["usiemens"][256:] == [None] * 768
        assert found["wear"] == [2] * 256 + [0] * 768
        assert found["charged"] == [0] * 256 + [9] * 768  # until it is known what they got
        run.note("<b>look</b>")
        assert state(server)["events"][0]["what"] == "<b>look</b>"


def test_an_experiment_and_a_chosen_run(store: Store) -> None:
    first = program(store)
    provenance = {"cells": [[0, 1], [3, 2]], "steps": 7}
    run = store.begin_run("experiment iv", "W1", rung="sim", mask=EVERY, pulses=2, provenance=provenance)
    run.record_step(0, {"name": "SET", "codes": [[1, 2], [100, 200]], "codes_per_usiemens": 2.0})
    with serving(store) as server, serving(store, run=first.id) as other:
        found = state(server)
        assert (found["done"], found["total"], found["what"]) == (1, 7, "SET, 1 of 7 steps")
        assert (found["usiemens"][1], found["usiemens"][3 * 32 + 2], found["usiemens"][0]) == (50.0, 100.0, None)
        assert (state(other)["run"], state(other)["status"]) == (first.id, "killed")
    with pytest.raises(StoreError):
        WatchServer(store.database.path, run=99)


def test_the_address_chooses_a_run_or_an_array(store: Store) -> None:
    store.array("W <2>", "1T1R", 32, 32, budget=None)
    first = program(store)
    first.finish(RunStatus.DONE)
    store.begin_run("program", "W <2>", rung="twin", mask=EVERY, pulses=9)
    with serving(store) as server:
        assert state(server)["run"] == 2
        for query in ("?run=1", "?array=W1", "?array=W1&run=9"):
            assert state(server, query)["run"] == 1
        assert state(server, "?array=W+%3C2%3E")["run"] == 2
        runs = [(run["id"], run["serial"], run["status"]) for run in state(server)["runs"]]
        assert runs == [(2, "W <2>", "running"), (1, "W1", "done")]
        assert state(server)["arrays"] == [{"serial": "W <2>", "pulses": 0}, {"serial": "W1", "pulses": 2}]
        for query in ("?run=3", "?run=x", "?run=-1", "?run=" + 40 * "9", "?array=W3", "?array=%00"):
            assert status(server, f"/state{query}") == status(server, f"/{query}") == 404


def test_the_convergence_of_a_run_that_programs(store: Store) -> None:
    run = program(store)
    with serving(store) as server:
        chart = text(server, "/convergence?run=1")
        assert ElementTree.fromstring(chart).tag == "{http://www.w3.org/2000/svg}svg"
        assert "Cells in their window: 50 % after 2, 99 % after 2 pulses" in chart
        run.finish(RunStatus.DONE)
        store.begin_run("verify", "W1", rung="twin", mask=EVERY, pulses=0)
        assert text(server, "/convergence?run=2") == ""
        experiment = store.begin_run("experiment iv", "W1", rung="twin", mask=EVERY, pulses=2)  # it has no windows
        record_rows(experiment, 0, 32)
        assert text(server, "/convergence?run=3") == ""


def test_a_cell_shows_all_of_its_life(store: Store) -> None:
    first = program(store)
    first.finish(RunStatus.DONE)
    second = store.begin_run("verify <b>", "W1", rung="board", mask=EVERY, pulses=0, recipe={"read_v": 0.1})
    record_rows(second, 0, 32, code=192)
    with serving(store) as server:
        page = text(server, "/cell?array=W1&row=3&column=4")
        assert "<h1>Cell 3,4 of W1: 4 pulses in its life</h1>" in page
        assert "measured</b>, all others are <b>simulated" in page
        rows = re.findall(r'<a href="/\?run=(\d)">.*?</tr>', page)
        assert rows == ["2", "1"]
        assert page.count("<td>100.0</td>") == 2  # half of the codes at half of the voltage
        assert "verify &lt;b&gt;" in page
        assert "Conductance: 100.0 µS after 4 pulses" in page
        charged = text(server, "/cell?array=W1&row=9&column=0")
        assert "not recorded, up to 9 pulses charged" in charged
        for query in (
            "array=W1&row=32&column=0",
            "array=W1&row=-1&column=0",
            "array=W1&row=1",
            "array=W9&row=1&column=1",
        ):
            assert status(server, f"/cell?{query}") == 404


def test_it_waits_for_a_record_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "lab" / "record.sqlite"
    with pytest.raises(StoreError, match="has no run 3"):
        WatchServer(path, run=3)
    with WatchServer(path) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            assert state(server) == NOTHING
            assert not path.parent.exists()
            with answer(server, "/changes") as stream:
                assert json.loads(next_data(stream))["run"] is None
                path.parent.mkdir()
                with Store.open(path) as store:
                    store.array("W1", "1T1R", 32, 32, budget=None)
                    program(store)
                while json.loads(next_data(stream))["run"] != 1:
                    pass
        finally:
            server.shutdown()
            thread.join()


def test_the_first_page_has_the_state_and_nothing_can_end_it_early(store: Store) -> None:
    program(store).note("</script><b>")
    with serving(store) as server, answer(server, "/") as response:
        page = response.read().decode()
    first = re.search(r'<script id="first" type="application/json">(.*?)</script>', page)
    assert first is not None
    assert json.loads(first[1])["events"][0]["what"] == "</script><b>"


def test_steps_of_an_experiment_count_by_their_time(store: Store) -> None:
    experiment = load("endurance").of({"cycles": 100000})
    steps = experiment.steps()
    run = store.begin_run(
        "experiment endurance",
        "W1",
        rung="twin",
        mask=EVERY,
        pulses=0,
        recipe=dataclasses.asdict(experiment.settings),
        provenance={"cells": [[0, 0], [0, 1]], "steps": len(steps)},
    )
    half = len(steps) // 2
    for step in range(half):
        run.record_step(step, {"name": "cycles", "codes": [[1, 2]], "codes_per_usiemens": 2.0})
    with serving(store) as server:
        found = state(server)
    assert (found["done"], found["total"]) == (half, len(steps))
    assert found["share"] < 0.2  # later steps take longer


def test_an_inference_runs_while_its_images_pass(store: Store) -> None:
    run = store.begin_run("infer", "W1", rung="twin", mask=EVERY, pulses=9, image_number=1, image_sha256="a")
    record_rows(run, 0, 32)
    passing = {"name": "infer", "tile": 1, "tiles": 2, "passed": 30, "of": 2000}
    counts = [[16, 2], [1, 11]]
    with serving(store) as server:
        run.record_step(0, {"name": "infer", "loaded": 1})
        assert state(server)["status"] == "running"
        run.record_step(1, {**passing, "images": 30, "images_of": 2000, "accuracy": 0.9, "confusion": counts})
        found = state(server)
        assert (found["status"], found["done"], found["total"], found["confusion"]) == ("running", 30, 2000, counts)
        assert [[square["text"] for square in row] for row in found["shades"]] == [["16", "2"], ["1", "11"]]
        assert found["shades"][0][0]["ground"] == "rgba(26,85,146,1.00)"
        assert found["what"] == (
            "image 1 (counted from 0), 30 of 2000 inputs through tile 2 of 2, 90.00 % of the first 30 images, raw"
        )
        assert found["next_step"] == "give the same command again"


def test_changes_arrive_as_events_within_a_second(store: Store) -> None:
    run = program(store)
    with serving(store) as server, answer(server, "/changes") as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert json.loads(next_data(stream))["done"] == 256
        for end in (16, 24, 32):
            began = time.monotonic()
            record_rows(run, end - 8, end)
            assert json.loads(next_data(stream))["done"] == 32 * end
            assert time.monotonic() - began < SOON_S


def next_data(stream: http.client.HTTPResponse) -> bytes:
    while not (line := stream.readline()).startswith(b"data: "):
        assert line
    return line[6:]


def test_it_is_for_this_machine_only_and_reads_only(store: Store) -> None:
    program(store)
    before = store.database.path.read_bytes()
    with serving(store) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert status(server, "/") == status(server, "/state", "localhost:1") == 200
        assert status(server, "/state", "evil.example:80") == 403  # a name that was made to point here
        assert status(server, "/../record.sqlite") == 404
        for method in ("POST", "PUT", "DELETE"):
            assert status(server, "/state", method=method) == 501
        with answer(server, "/") as response:
            assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        with pytest.raises(UsageError, match=r"Cannot serve on port .*in use"):
            WatchServer(store.database.path, server.server_port)
        with socket.socket() as other, pytest.raises(OSError, match="refused|unreachable"):
            other.connect(("127.0.0.2", server.server_port))
    assert store.database.path.read_bytes() == before


def test_a_killed_job_is_said_to_be_at_once(store: Store) -> None:
    code = """if True:
        import sys, time
        import numpy as np
        from pathlib import Path
        from ohmbench.record.store import Store
        store = Store.open(Path(sys.argv[1]))
        store.begin_run("program", "W1", rung="twin", mask=np.ones((32, 32), np.bool_), pulses=9)
        print(flush=True)
        time.sleep(60)
    """
    job = subprocess.Popen([sys.executable, "-c", code, str(store.database.path)], stdout=subprocess.PIPE)
    assert job.stdout is not None
    assert job.stdout.readline() == b"\n"
    with serving(store) as server, answer(server, "/changes") as stream:
        assert json.loads(stream.readline()[6:])["status"] == "running"
        assert stream.readline() == b"\n"
        job.kill()
        since = time.monotonic()
        assert json.loads(stream.readline()[6:])["status"] == "killed"
        assert time.monotonic() - since < 5
        assert state(server)["status"] == "killed"
    job.stdout.close()
    job.wait()


def test_it_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that ask nothing, and more streams than there may be, cost the bench's computer little."""
    program(store)
    monkeypatch.setattr(Handler, "timeout", 0.3)
    monkeypatch.setattr("ohmbench.watch.server.STREAMS", 2)
    monkeypatch.setattr("ohmbench.watch.server.CONNECTIONS", 4)
    with serving(store) as server:
        assert status(server, "/state", HOST) == 200  # port 80 is left out
        assert status(server, "/state", "evil.example") == 403
        with answer(server, "/changes"), answer(server, "/changes"):
            assert status(server, "/changes") == 503
            idle = [socket.create_connection((HOST, server.server_port), timeout=5) for _ in range(4)]
            ended = [connection.recv(1) for connection in idle]
            assert ended == [b""] * 4
            for connection in idle:
                connection.close()
            until = time.monotonic() + 5  # their threads end a moment later
            while time.monotonic() < until:
                with suppress(http.client.RemoteDisconnected, ConnectionResetError):
                    assert status(server, "/state") == 200
                    return
        pytest.fail("no connection is free again")


def test_the_page_asks_for_nothing_else() -> None:
    page = html(NOTHING)
    assert not re.findall(r"https?://|src=|@import|url\(|href=|innerHTML", page)


CLICK = """<script>
const wearMap = element('wear');
wearMap.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown'}));
wearMap.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));
wearMap.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
</script>"""


@contextmanager
def browsing(address: str, profile: Path) -> Iterator[None]:
    command = [*chromium(profile), "--remote-debugging-port=0", address]
    browser = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        browser.kill()
        browser.wait()


@needs_chromium
def test_the_keyboard_opens_a_cell_and_the_convergence_is_drawn(store: Store, tmp_path: Path) -> None:
    asked: Queue[str] = Queue()

    class Spied(Handler):
        def page(self, state: State) -> str:
            return html(state, Markup(CLICK))

        def do_GET(self) -> None:
            asked.put(self.path)
            super().do_GET()

    program(store)
    with serving(store, Spied) as server, browsing(f"{server.url}?run=1", tmp_path / "profile"):
        paths = []
        while not paths or not paths[-1].startswith("/cell"):
            paths.append(asked.get(timeout=60))
    assert paths[0] == "/?run=1"
    assert paths[-1] == "/cell?array=W1&row=1&column=1"
    assert {"/convergence?run=1"} <= set(paths)


SPY = """<script>
const tell_test = () => {
  const pixel = element('usiemens').getContext('2d').getImageData(0, 31, 1, 1).data;
  fetch('/seen?' + new URLSearchParams({done: state.done, text: element('what').textContent, pixel: pixel.join(),
    event: element('events').rows[0].cells[2].textContent, heading: element('heading').textContent}));
};
tell_test();  // the first change may have come before this script
new MutationObserver(tell_test).observe(element('events'), {childList: true, subtree: true});
</script>"""


@needs_chromium
def test_a_browser_shows_a_change_within_a_second(store: Store, tmp_path: Path) -> None:
    """The page reports what it shows, from the write at the bench to the change in the browser's document."""
    seen: Queue[tuple[float, dict[str, str]]] = Queue()

    class Spied(Handler):
        def page(self, state: State) -> str:
            return html(state, Markup(SPY))

        def do_GET(self) -> None:
            if self.path.startswith("/seen?"):
                seen.put((time.monotonic(), {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}))
                self._send("text/plain", b"")
            else:
                super().do_GET()

    run = program(store)
    with serving(store, Spied) as server, browsing(server.url, tmp_path / "profile"):
        _, first = seen.get(timeout=120)
        assert first["text"] == "image 2 (counted from 0), pass 1, 256 of 1024 cells"
        assert first["pixel"] == "236,239,242,255"  # not read yet
        took = []
        for end in (16, 24, 32):
            began = time.monotonic()
            record_rows(run, end - 8, end, code=384)
            while (shown := seen.get(timeout=30))[1]["done"] != str(32 * end):
                pass
            took.append(shown[0] - began)
        assert shown[1]["pixel"] == "11,44,87,255"  # the highest of the map
        began = time.monotonic()
        run.note("<b>hot</b>")
        while (shown := seen.get(timeout=30))[1]["event"] != "<b>hot</b>":
            pass
        took.append(shown[0] - began)
    print("s from the bench to the page:", [f"{s:.3f}" for s in took])
    assert sorted(took)[len(took) // 2] < SOON_S
