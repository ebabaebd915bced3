from __future__ import annotations

import random
import struct
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles
from tests.rtl.dispatch.dispatch_bench import Bench, Done

from ohmbench.link.codec import Frame
from ohmbench.link.packing import result_words
from ohmbench.tables import FrameError, FrameType

F, E = FrameType, FrameError


async def begin(dut: Any, seed: int = 1) -> Bench:
    bench = Bench(dut, seed)
    await bench.start()
    return bench


def error(code: FrameError, frame: Frame) -> Frame:
    return Frame(F.ERROR, 0, code, struct.pack("<BBH", frame.type, frame.seq, frame.arg))


def lanes(beats: list[int]) -> list[int]:
    return [half for beat in beats for half in (beat & 0xFFFFFFFF, beat >> 32)]


@cocotb.test()
async def program_words_are_written(dut: Any) -> None:
    bench = await begin(dut)
    words = [bench.rng.getrandbits(32) for _ in range(128)]
    bench.post(F.PROGRAM, 0, struct.pack("<64I", *words[:64]))
    bench.post(F.PROGRAM, 1024 - 64, struct.pack("<64I", *words[64:]))
    bench.post(F.PROGRAM, 500, struct.pack("<I", 7))
    await bench.drained()
    assert bench.program == {**dict(enumerate(words[:64])), **dict(enumerate(words[64:], 960)), 500: 7}
    assert not bench.frames_out


@cocotb.test()
@cocotb.parametrize(seed=range(3))
async def images_are_written_and_read(dut: Any, seed: int) -> None:
    bench = await begin(dut, seed)
    rng = random.Random(seed)
    vectors = {address: [rng.getrandbits(32) for _ in range(32)] for address in (0, 1, 2, 77, 254, 255)}
    for first, count in ((0, 2), (2, 1), (77, 1), (254, 2)):
        values = [v for address in range(first, first + count) for v in vectors[address]]
        bench.post(F.IMAGE, first, struct.pack(f"<{len(values)}I", *values))
    for first, count in ((0, 3), (77, 1), (254, 2), (0, 256)):
        bench.post(F.READ, first, struct.pack("<H", count))
    await bench.drained()
    await bench.until(lambda: len(bench.frames_out) == 2 + 1 + 1 + 128, 120_000)
    for address, values in vectors.items():
        assert lanes(bench.memory[16 * address : 16 * address + 16]) == values
    expected = [(0, 2), (2, 1), (77, 1), (254, 2), *((n, 2) for n in range(0, 256, 2))]
    for frame, (first, count) in zip(bench.frames_out, expected, strict=True):
        values = lanes(bench.memory[16 * first : 16 * (first + count)])
        assert frame == Frame(F.DATA, 0, first, struct.pack(f"<{32 * count}I", *values))
    assert bench.mem_writes == 16 * len(vectors)


@cocotb.test()
async def run_gets_all_sixteen_arguments(dut: Any) -> None:
    bench = await begin(dut)
    for values in ([], [1], [0xFFFF, 2, 3], list(range(100, 116))):
        bench.arguments.clear()
        bench.post(F.RUN, 0x3FF, struct.pack(f"<{len(values)}H", *values))
        await bench.until(lambda: bench.running)
        assert bench.arguments == list(enumerate(values + [0] * (16 - len(values))))
        await bench.end_program()
    assert bench.runs == [0x3FF] * 4


@cocotb.test()
async def a_run_waits_for_the_program_before(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    bench.arguments.clear()
    bench.post(F.RUN, 5, b"\1\0")
    await ClockCycles(dut.clk_i, 300)
    assert bench.runs == [0]
    assert not bench.arguments, "the arguments of the running program stay"
    bench.words += [1, 2, 3]
    await bench.until(lambda: not bench.words)
    await bench.end_program(Done(code=9))
    await bench.until(lambda: bench.running)
    assert bench.runs == [0, 5]
    assert [f.type for f in bench.frames_out] == [F.RESULT, F.DONE]
    bench.take_runs = False
    await bench.end_program()
    bench.post(F.RUN, 6)
    await ClockCycles(dut.clk_i, 200)
    assert int(dut.run_valid_o.value) == 1, "held until it is taken"
    bench.take_runs = True
    await bench.until(lambda: bench.running)
    assert bench.runs == [0, 5, 6]


@cocotb.test()
async def vectors_come_in_beats_of_two_elements(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    short = [bench.rng.getrandbits(16) for _ in range(128)]
    bytes_ = [bench.rng.getrandbits(8) for _ in range(256)]
    bench.post(F.VECTOR, 16, struct.pack("<128H", *short))
    bench.post(F.VECTOR, 8, bytes(bytes_))
    bench.post(F.VECTOR, 8, bytes(bytes_[:32]))
    await bench.until(lambda: len(bench.beats) == 64 + 128 + 16)
    assert lanes(bench.beats) == short + bytes_ + bytes_[:32]
    assert not bench.frames_out


@cocotb.test()
@cocotb.parametrize(bits=[1, 2, 4], seed=range(2))
async def small_elements_are_the_highest_bits_of_a_byte(dut: Any, bits: int, seed: int) -> None:
    bench = await begin(dut, seed)
    bench.stall = bench.rng.choice((0.0, 0.5))
    await bench.run_program()
    expected = []
    for vectors in (1, 2, 64 // bits):
        elements = [bench.rng.getrandbits(bits) for _ in range(32 * vectors)]
        packed = sum(element << bits * n for n, element in enumerate(elements))
        bench.post(F.VECTOR, bits, packed.to_bytes(4 * bits * vectors, "little"))
        expected += [element << 8 - bits for element in elements]
    await bench.until(lambda: len(bench.beats) == len(expected) // 2)
    assert lanes(bench.beats) == expected
    assert not bench.frames_out


@cocotb.test()
async def registers_are_written_or_refused(dut: Any) -> None:
    bench = await begin(dut)
    bench.refuse = lambda number, value: number == 3
    writes = [(0, 1), (1, 0xDEADBEEF), (3, 4), (11, 500)]
    for number, value in writes:
        bench.post(F.REGISTER, number, struct.pack("<I", value), seq=number)
    await bench.drained()
    assert bench.registers == [w for w in writes if w[0] != 3]
    assert bench.frames_out == [error(E.REFUSED, Frame(F.REGISTER, 3, 3))]


@cocotb.test()
async def the_divisor_is_the_links(dut: Any) -> None:
    bench = await begin(dut)
    # 139 and more are too slow for a break at the default rate to be one, the default's own 417 too
    for value in (0, 1, 3, 4, 138, 139, 417, 4095, 4096, 0x80000010):
        bench.post(F.REGISTER, 12, struct.pack("<I", value))
    await bench.drained()
    assert bench.divisors == [0, 4, 138]
    assert bench.frames_out == [error(E.REFUSED, Frame(F.REGISTER, 0, 12))] * 7
    assert not bench.registers, "the guard never sees it"


REFUSED = {
    "unknown type": (E.BAD_TYPE, 0x90, 0, bytes(8)),
    "unknown type without payload": (E.BAD_TYPE, 0xFF, 0, b""),
    "type of the other direction": (E.BAD_TYPE, F.RESULT, 0, bytes(4)),
    "no word": (E.BAD_LENGTH, F.PROGRAM, 0, b""),
    "part of a word": (E.BAD_LENGTH, F.PROGRAM, 0, bytes(6)),
    "word outside": (E.BAD_ADDRESS, F.PROGRAM, 1024, bytes(4)),
    "last word outside": (E.BAD_ADDRESS, F.PROGRAM, 1023, bytes(8)),
    "words far outside": (E.BAD_ADDRESS, F.PROGRAM, 0xFFFF, bytes(8)),
    "part of a vector": (E.BAD_LENGTH, F.IMAGE, 0, bytes(132)),
    "no vector": (E.BAD_LENGTH, F.IMAGE, 0, b""),
    "vector outside": (E.BAD_ADDRESS, F.IMAGE, 255, bytes(256)),
    "vector far outside": (E.BAD_ADDRESS, F.IMAGE, 0xFFFF, bytes(128)),
    "read without a number": (E.BAD_LENGTH, F.READ, 0, b""),
    "read with four bytes": (E.BAD_LENGTH, F.READ, 0, bytes(4)),
    "read of nothing": (E.BAD_LENGTH, F.READ, 0, bytes(2)),
    "read outside": (E.BAD_ADDRESS, F.READ, 256, b"\1\0"),
    "read over the end": (E.BAD_ADDRESS, F.READ, 1, b"\0\1"),
    "read around the end": (E.BAD_ADDRESS, F.READ, 1, b"\xff\xff"),
    "entry outside": (E.BAD_ADDRESS, F.RUN, 1024, b""),
    "entry outside, with results of 16 bits": (E.BAD_ADDRESS, F.RUN, 2 << 12 | 1024, b""),
    "entry far outside, with results of 24 bits": (E.BAD_ADDRESS, F.RUN, 3 << 12 | 1 << 14, b""),
    "results of one byte": (E.BAD_ADDRESS, F.RUN, 1 << 12, b""),
    "half an argument": (E.BAD_LENGTH, F.RUN, 0, bytes(3)),
    "seventeen arguments": (E.BAD_LENGTH, F.RUN, 0, bytes(34)),
    "elements of three bits": (E.BAD_LENGTH, F.VECTOR, 3, bytes(96)),
    "elements of no bits": (E.BAD_LENGTH, F.VECTOR, 0, bytes(32)),
    "elements of 32 bits": (E.BAD_LENGTH, F.VECTOR, 32, bytes(128)),
    "elements of more than 256 bits": (E.BAD_LENGTH, F.VECTOR, 0x108, bytes(32)),
    "half a vector of 16 bits": (E.BAD_LENGTH, F.VECTOR, 16, bytes(96)),
    "half a vector of bytes": (E.BAD_LENGTH, F.VECTOR, 8, bytes(48)),
    "half a vector of 4 bits": (E.BAD_LENGTH, F.VECTOR, 4, bytes(24)),
    "half a vector of 2 bits": (E.BAD_LENGTH, F.VECTOR, 2, bytes(12)),
    "half a vector of single bits": (E.BAD_LENGTH, F.VECTOR, 1, bytes(6)),
    "empty vector": (E.BAD_LENGTH, F.VECTOR, 8, b""),
    "vector without a program": (E.NO_CONSUMER, F.VECTOR, 8, bytes(32)),
    "register outside": (E.BAD_ADDRESS, F.REGISTER, 15, bytes(4)),
    "register far outside": (E.BAD_ADDRESS, F.REGISTER, 256, bytes(4)),
    "short value": (E.BAD_LENGTH, F.REGISTER, 0, bytes(3)),
}


@cocotb.test()
@cocotb.parametrize(seed=range(2))
async def a_refused_frame_does_nothing(dut: Any, seed: int) -> None:
    bench = await begin(dut, seed)
    cases = list(REFUSED.items())
    bench.rng.shuffle(cases)
    for number, (_, (_, kind, arg, payload)) in enumerate(cases):
        bench.post(kind, arg, payload, seq=number)
        bench.post(F.PROGRAM, number, struct.pack("<I", number + 1))
    await bench.drained(60_000)
    answers = [error(code, Frame(kind, n, arg)) for n, (_, (code, kind, arg, _)) in enumerate(cases)]
    for (name, _), answer, expected in zip(cases, bench.frames_out, answers, strict=True):
        assert answer == expected, name
    assert bench.program == {n: n + 1 for n in range(len(cases))}, "and the frame after it is executed"
    assert not bench.mem_writes
    assert not bench.registers
    assert not bench.runs
    assert not bench.arguments


@cocotb.test()
async def no_program_while_one_runs(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    refused = bench.post(F.PROGRAM, 0, bytes(8), seq=4)
    bench.post(F.IMAGE, 0, bytes(range(128)))
    await bench.drained()
    assert bench.frames_out == [error(E.BUSY, refused)]
    assert not bench.program
    assert bench.mem_writes == 16


@cocotb.test()
async def a_vector_left_over_is_refused(dut: Any) -> None:
    bench = await begin(dut)
    bench.stall = 0.6
    await bench.run_program()
    frame = bench.post(F.VECTOR, 8, bytes(256), seq=3)
    await bench.until(lambda: len(bench.beats) >= 20)
    await bench.end_program(Done(code=3))
    taken = len(bench.beats)
    await bench.drained()
    assert taken < 128
    assert len(bench.beats) == taken
    assert error(E.NO_CONSUMER, frame) in bench.frames_out
    assert [f.type for f in bench.frames_out if f.type != F.ERROR] == [F.DONE]
    bench.stall = 0.0
    await bench.run_program()
    bench.beats.clear()
    bench.post(F.VECTOR, 8, bytes(range(32)))
    await bench.until(lambda: len(bench.beats) == 16)
    assert lanes(bench.beats) == list(range(32))


@cocotb.test()
@cocotb.parametrize(seed=range(3))
async def results_are_packed_and_come_before_done(dut: Any, seed: int) -> None:
    bench = await begin(dut, seed)
    for code, count in enumerate((0, 1, 63, 64, 65, 200, 700)):
        bench.frames_out.clear()
        bench.idle = bench.rng.choice([0.0, 0.5])
        await bench.run_program()
        words = [bench.rng.getrandbits(32) for _ in range(count)]
        bench.words += words
        await bench.until(lambda: not bench.words, 40_000)
        done = Done(code + 1000, code, code + 1, code + 2, 0x0123456789ABCDEF)
        await bench.end_program(done)
        await bench.until(lambda: bench.frames_out[-1].type == F.DONE)
        *results, last = bench.frames_out
        assert last == Frame(F.DONE, 0, code + 1000, done.payload)
        assert [(f.type, f.arg) for f in results] == [(F.RESULT, n) for n in range(0, count, 64)]
        assert b"".join(f.payload for f in results) == struct.pack(f"<{count}I", *words)


def any_word(rng: random.Random) -> int:
    """As many near the ends of what two and three bytes hold as anywhere else."""
    near = rng.choice((0, 1 << 15, -(1 << 15), 1 << 23, -(1 << 23), 1 << 31)) + rng.randrange(-2, 3)
    return rng.choice((near, rng.getrandbits(15), -rng.getrandbits(20), rng.getrandbits(32))) & 0xFFFFFFFF


@cocotb.test()
@cocotb.parametrize(kind=[F.RESULT16, F.RESULT24], seed=range(3))
async def words_that_do_not_fit_leave_whole(dut: Any, kind: FrameType, seed: int) -> None:
    bench = await begin(dut, seed)
    rng = bench.rng
    small = 1 << (14 if kind == F.RESULT16 else 22)
    full = 126 if kind == F.RESULT16 else 84
    for count in (0, 1, full - 1, full, full + 1, 300):
        for draw in (lambda: any_word(rng), lambda: rng.randrange(-small, small) & 0xFFFFFFFF):
            bench.frames_out.clear()
            bench.idle = rng.choice([0.0, 0.5])
            await bench.run_program(kind)
            words = [draw() for _ in range(count)]
            bench.words += words
            await bench.until(lambda: not bench.words, 40_000)
            await bench.end_program()
            await bench.until(lambda: bench.frames_out[-1].type == F.DONE)
            *results, _ = bench.frames_out
            first = 0
            for frame in results:
                assert (frame.type, frame.arg) == (kind, first)
                first += len(result_words(frame))
            assert [word for frame in results for word in result_words(frame).tolist()] == words
            assert all(250 <= len(frame.payload) <= 256 for frame in results[:-1])
            if draw() < small and words == [w for w in words if (w + small) & 0xFFFFFFFF < 2 * small]:
                assert len(results) == -(-count // full)


@cocotb.test()
async def each_run_says_how_its_words_leave(dut: Any) -> None:
    bench = await begin(dut)
    for kind in (F.RESULT16, F.RESULT, F.RESULT24, F.RESULT16):
        bench.frames_out.clear()
        await bench.run_program(kind)
        bench.words += [1, 0xFFFFFFFE]
        await bench.until(lambda: not bench.words)
        await bench.end_program()
        await bench.until(lambda: len(bench.frames_out) == 2)
        assert bench.frames_out[0].type == kind
        assert result_words(bench.frames_out[0]).tolist() == [1, 0xFFFFFFFE]
    assert bench.runs == [0] * 4


@cocotb.test()
async def few_results_leave_when_no_more_come(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    bench.words += [1, 2, 3]
    await bench.until(lambda: not bench.words)
    await ClockCycles(dut.clk_i, 270)
    assert not bench.frames_out
    await ClockCycles(dut.clk_i, 100)
    assert bench.frames_out == [Frame(F.RESULT, 0, 0, struct.pack("<3I", 1, 2, 3))]
    bench.words += [4]
    await bench.until(lambda: len(bench.frames_out) == 2, 600)
    assert bench.frames_out[1] == Frame(F.RESULT, 0, 3, struct.pack("<I", 4))


@cocotb.test()
async def a_full_line_holds_the_program_and_loses_nothing(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    bench.stall = 1.0
    words = list(range(2000))
    bench.words += words
    await ClockCycles(dut.clk_i, 3000)
    assert 2000 - 600 < len(bench.words) < 2000 - 500, "as many as the memory holds"
    bench.stall = 0.1
    await bench.until(lambda: not bench.words, 60_000)
    await bench.end_program()
    await bench.until(lambda: bench.frames_out and bench.frames_out[-1].type == F.DONE)
    assert b"".join(f.payload for f in bench.frames_out[:-1]) == struct.pack("<2000I", *words)


@cocotb.test()
async def answers_and_results_share_the_line_by_frames(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    words = [bench.rng.getrandbits(32) for _ in range(1000)]
    bench.words += words
    bench.memory = [bench.rng.getrandbits(64) for _ in range(4096)]
    for n in range(6):
        bench.post(F.READ, 40 * n, struct.pack("<H", n + 1))
        bench.post(F.RUN, 2000)
    await bench.until(lambda: not bench.words and not bench.frames_in, 80_000)
    await bench.end_program()
    await bench.until(lambda: bench.frames_out[-1].type == F.DONE)
    results = [f for f in bench.frames_out if f.type == F.RESULT]
    data = [f for f in bench.frames_out if f.type == F.DATA]
    assert b"".join(f.payload for f in results) == struct.pack("<1000I", *words)
    expected = [v for n in range(6) for v in lanes(bench.memory[640 * n : 640 * n + 16 * (n + 1)])]
    assert b"".join(f.payload for f in data) == struct.pack(f"<{len(expected)}I", *expected)
    assert [f for f in bench.frames_out if f.type == F.ERROR] == [error(E.BAD_ADDRESS, Frame(F.RUN, 0, 2000))] * 6


@cocotb.test()
@cocotb.parametrize(clocks=range(3, 163, 16))
async def abort_drops_what_is_being_executed(dut: Any, clocks: int) -> None:
    """Whatever the dispatcher is doing: the frames after an abort are executed as if nothing had been before."""
    bench = await begin(dut, clocks)
    await bench.run_program()
    bench.stall = 0.5
    bench.words += range(70)
    kind = bench.rng.choice(["read", "vector", "image", "run", "refused"])
    match kind:
        case "read":
            bench.post(F.READ, 0, b"\x40\0")
        case "vector":
            bench.post(F.VECTOR, 16, bytes(256))
        case "image":
            bench.post(F.IMAGE, 0, bytes(256))
        case "run":
            bench.post(F.RUN, 77)
        case _:
            bench.post(F.PROGRAM, 0, bytes(200))
    bench.post(F.IMAGE, 8, b"\xff" * 128)
    await ClockCycles(dut.clk_i, clocks)
    await bench.pulse("abort")
    await bench.end_program(Done(code=0, why=1))
    await ClockCycles(dut.clk_i, 900)
    data = [f for f in bench.frames_out if f.type == F.DATA]
    assert len(data) <= 1 + clocks // 100
    assert all(len(f.payload) == 256 for f in data), "a frame begun is finished"
    assert bench.frames_out[-1].type == F.DONE or kind == "refused"
    assert bench.runs == [0]
    assert bench.memory[16 * 8] == 0
    bench.frames_out.clear()
    bench.beats.clear()
    bench.stall = 0.1
    await bench.run_program()
    bench.post(F.VECTOR, 8, bytes(range(32)))
    await bench.until(lambda: len(bench.beats) == 16)
    assert lanes(bench.beats) == list(range(32))
    bench.words += [5, 6]
    await bench.until(lambda: not bench.words)
    await bench.end_program()
    assert bench.frames_out[0] == Frame(F.RESULT, 0, 0, struct.pack("<2I", 5, 6))


@cocotb.test()
async def abort_while_a_run_waits(dut: Any) -> None:
    bench = await begin(dut)
    bench.take_runs = False
    bench.post(F.RUN, 1, b"\1\0")
    await ClockCycles(dut.clk_i, 200)
    assert int(dut.run_valid_o.value)
    await bench.pulse("abort")
    bench.take_runs = True
    await ClockCycles(dut.clk_i, 100)
    assert not bench.runs


@cocotb.test()
@cocotb.parametrize(beats=[1, 8, 15, 16, 17])
async def hello_completes_a_vector_and_keeps_the_program(dut: Any, beats: int) -> None:
    """A program that goes on over a new session must not take shifted vectors."""
    bench = await begin(dut, beats)
    await bench.run_program()
    bench.stall = 0.8
    payload = bytes(range(1, 193))
    bench.post(F.VECTOR, 8, payload)
    while len(bench.beats) < beats:
        await ClockCycles(dut.clk_i, 1)
    bench.take_vectors = False
    bench.words += [9] * 10
    await bench.until(lambda: not bench.words)
    await bench.pulse("hello")
    taken = len(bench.beats)
    bench.take_vectors = True
    bench.stall = 0.2
    await ClockCycles(dut.clk_i, 400)
    whole = -(-taken // 16) * 16
    assert lanes(bench.beats) == list(payload[: 2 * taken]) + [0] * (2 * (whole - taken))
    assert bench.running
    bench.beats.clear()
    bench.post(F.VECTOR, 8, bytes(range(32)))
    await bench.until(lambda: len(bench.beats) == 16)
    assert lanes(bench.beats) == list(range(32))
    bench.frames_out.clear()
    bench.words += [1, 2]
    await bench.until(lambda: not bench.words)
    await bench.end_program(Done(code=5))
    assert bench.frames_out[0] == Frame(F.RESULT, 0, 10, struct.pack("<2I", 1, 2)), "numbered on"
    assert bench.frames_out[1].type == F.DONE


@cocotb.test()
async def hello_cuts_a_frame_that_is_being_sent(dut: Any) -> None:
    bench = await begin(dut)
    await bench.run_program()
    bench.stall = 0.9
    done = Done(code=0x1234, pc=7)
    bench.done = done
    await ClockCycles(dut.clk_i, 60)
    await bench.pulse("hello")
    assert not bench.frames_out
    bench.stall = 0.1
    await bench.until(lambda: bench.frames_out)
    assert bench.frames_out == [Frame(F.DONE, 0, 0x1234, done.payload)], "the new session learns of the end"
    bench.post(F.READ, 0, b"\x10\0")
    await ClockCycles(dut.clk_i, 150)
    await bench.pulse("hello")
    bench.frames_out.clear()
    bench.post(F.READ, 3, b"\1\0")
    await bench.until(lambda: bench.frames_out)
    assert bench.frames_out == [Frame(F.DATA, 0, 3, bytes(128))]


@cocotb.test()
async def after_hello_the_line_is_free_for_results(dut: Any) -> None:
    """The answer that was being sent is gone, and its place on the line with it."""
    bench = await begin(dut)
    await bench.run_program()
    bench.post(F.READ, 0, b"\x10\0")
    await ClockCycles(dut.clk_i, 100)
    await bench.pulse("hello")
    bench.frames_out.clear()
    await bench.end_program(Done(code=8))
    assert bench.frames_out == [Frame(F.DONE, 0, 8, Done().payload)]
