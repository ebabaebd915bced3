// The bench in simulation: the RTL with its chip and array models, and a pty on the pins of the UART.
// The host program opens that pty like the serial port of a board.

#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "Vtop.h"
#include "array/ohm_dpi.h"
#include "options.h"
#include "parent.h"
#include "pty.h"
#include "session.h"
#include "uart_model.h"
#include "verilated.h"
#if VM_TRACE_FST
#include "waves.h"
#endif

namespace {

constexpr uint32_t ClockHz = 48000000;
constexpr uint32_t DefaultBaud = 115200;
constexpr uint64_t HalfClockPs = 10417;
constexpr unsigned ResetClocks = 16;
// Clocks between two looks at the pty: some 50 us of wall time, against 1 us for the three system calls.
constexpr unsigned Batch = 512;
constexpr unsigned BatchesPerParentCheck = 256;
// After the last byte the DUT still works on what it said: 4096 clocks until it sends words that wait for more.
constexpr unsigned BatchesBeforeSleep = 16;
constexpr size_t InputLimit = 4096;
constexpr int DataErrorExit = 11;   // ohmbench.errors.DataError.exit_code
constexpr int ModelErrorExit = 12;  // ohmbench.errors.ModelError.exit_code

struct ModelError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

volatile sig_atomic_t stop_requested = 0;
volatile sig_atomic_t report_requested = 0;
int wake_pipe[2];

// A signal that comes just before poll() must not be slept over; the pipe keeps it.
void on_signal(int number) {
    const int saved = errno;
    (number == SIGUSR1 ? report_requested : stop_requested) = 1;
    if (write(wake_pipe[1], "", 1) < 0) { /* the pipe is full: it wakes poll() anyway */
    }
    errno = saved;
}

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// The Verilated model and the UART on its pins.
class Bench {
   public:
    explicit Bench(const ohm::Options& options) : uart{ClockHz, DefaultBaud} {
        context_.commandArgs(options.argc, options.argv);
        context_.fatalOnError(false);  // $stop and $fatal end in check(), with an exit code of our own
        top_ = std::make_unique<Vtop>(&context_);
#if VM_TRACE_FST
        if (!options.waves.empty()) {
            context_.traceEverOn(true);
            top_->trace(&waves_, 99);
            waves_.open(options.waves.c_str());
        }
#endif
        top_->build_id_i = options.build_id;
        top_->rst_ni = 0;
        top_->uart_rx_i = 1;
        top_->force_overcurrent_i = 0;
        run(ResetClocks);
        top_->rst_ni = 1;
    }

    ~Bench() {
        top_->final();
#if VM_TRACE_FST
        waves_.close();
#endif
    }

    void run(uint64_t clocks) {
        Vtop& top = *top_;
        for (uint64_t i = 0; i < clocks; ++i) {
            top.clk_i = 1;
            step();
            top.uart_rx_i = uart.tick(top.uart_tx_o);
            top.clk_i = 0;
            step();
        }
        clocks_ += clocks;
        if (array_is_on_ != static_cast<bool>(top_->array_on_o)) {
            array_is_on_ = !array_is_on_;
            array_since_ = clocks_;
        }
        check();
    }

    bool array_is_on() const { return array_is_on_; }
    // Clock of the end of the batch in which that changed last.
    uint64_t array_since() const { return array_since_; }

    uint64_t clocks() const { return clocks_; }
    uint64_t run_clocks() const { return top_->run_cycles_o; }
    bool idle() const { return top_->idle_o && uart.idle(); }

    ohm::UartModel uart;

   private:
    void step() {
        context_.timeInc(HalfClockPs);
        top_->eval();
#if VM_TRACE_FST
        if (waves_.isOpen()) waves_.dump(context_.time());
#endif
    }

    void check() const {
        if (top_->error_o != 0)
            throw ModelError("a chip model saw its datasheet violated (error " + std::to_string(top_->error_o) + ")");
        if (context_.gotError()) throw ModelError("an assertion of the RTL failed");
        if (context_.gotFinish()) throw ModelError("the simulation stopped itself");
    }

    VerilatedContext context_;
    std::unique_ptr<Vtop> top_;
    uint64_t clocks_ = 0;
    bool array_is_on_ = false;
    uint64_t array_since_ = 0;
#if VM_TRACE_FST
    ohm::Waves waves_;
#endif
};

class Stopwatch {
   public:
    void add_sleep(Clock::duration time) { asleep_ += time; }

    void report(const ohm::Options& options, const Bench& bench) const {
        if (options.cps.empty()) return;
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        const double wall = seconds(Clock::now() - start_), awake = wall - seconds(asleep_);
        const double cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
        // Renamed into place, so that a reader never sees half of it.
        const std::string partial = options.cps + ".part";
        FILE* file = std::fopen(partial.c_str(), "w");
        if (file == nullptr) throw std::runtime_error(options.cps + ": cannot be written");
        std::fprintf(file,
                     "{\"clocks\": %" PRIu64 ", \"run_clocks\": %" PRIu64 ", \"wall_s\": %.6f, \"awake_s\": %.6f, "
                     "\"cpu_s\": %.6f, \"clocks_per_s\": %.0f}\n",
                     bench.clocks(), bench.run_clocks(), wall, awake, cpu,
                     static_cast<double>(bench.clocks()) / awake);
        std::fclose(file);
        std::rename(partial.c_str(), options.cps.c_str());
    }

   private:
    Clock::time_point start_ = Clock::now();
    Clock::duration asleep_{};
};

bool readable(int fd) {
    struct pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, 0) > 0;
}

void sleep_until_needed(const ohm::Parent& parent, const ohm::Pty& pty) {
    struct pollfd fds[] = {
        {pty.fd(), static_cast<short>(POLLIN | (pty.write_pending() ? POLLOUT : 0)), 0},
        {wake_pipe[0], POLLIN, 0},
        {parent.fd(), POLLIN, 0},
    };
    poll(fds, 3, -1);
}

std::string obey(const std::string& order, Bench& bench, ohm::Recorder& recorder, uint64_t heard) {
    const size_t space = order.find(' ');
    const std::string what = order.substr(0, space), value = space == std::string::npos ? "" : order.substr(space + 1);
    if (what == "rest") {
        char* tail;
        const double seconds = std::strtod(value.c_str(), &tail);
        if (value.empty() || *tail != '\0' || ohm_array_rest(ohm_dpi_array(), seconds) != 0) return "refused";
        recorder.rest(bench.clocks(), seconds);
        return "rested";
    }
    if (what == "line") {
        try {
            bench.uart.set_faults(ohm::parse_line_faults(value));
        } catch (const std::invalid_argument& error) {
            return std::string("refused ") + error.what();
        }
        recorder.line(bench.clocks(), value);
        return "line";
    }
    if (what == "array")
        return std::string("array ") + (bench.array_is_on() ? "on " : "off ") + std::to_string(bench.array_since()) +
               " " + std::to_string(bench.clocks()) + " " + std::to_string(heard);
    return "refused";
}

void live(const ohm::Options& options, Bench& bench, Stopwatch& watch, ohm::Parent& parent) {
    ohm::Pty pty(DefaultBaud);
    ohm::Recorder recorder(options.record, options.build_id);
    if (!options.line_faults.empty()) {
        bench.uart.set_faults(ohm::parse_line_faults(options.line_faults));
        recorder.line(bench.clocks(), options.line_faults);
    }
    uint64_t heard = 0;  // when the last bytes from the host came
    ohm::Digest sent;
    uint8_t bytes[InputLimit];
    parent.say("ohmbench sim: port " + pty.path());

    unsigned idle_batches = 0;
    for (unsigned batch = 0; !stop_requested; ++batch) {
        // Not reading while the queue is full makes the host's write() wait, as flow control would.
        const size_t count = pty.read(bytes, InputLimit - bench.uart.queued());
        const uint32_t baud = pty.baud();
        if (baud != 0 && baud != bench.uart.baud()) {
            bench.uart.set_baud(baud);
            recorder.baud(bench.clocks(), baud);
        }
        if (count != 0) {
            bench.uart.queue(bytes, count);
            recorder.in(bench.clocks(), bytes, count);
            heard = bench.clocks();
        }
        bench.run(Batch);
        sent.add(bench.uart.received());
        pty.write(bench.uart.received());

        idle_batches = bench.idle() ? idle_batches + 1 : 0;
        const bool sleep = idle_batches >= BatchesBeforeSleep;
        if (sleep) {
            const auto start = Clock::now();
            sleep_until_needed(parent, pty);
            watch.add_sleep(Clock::now() - start);
            idle_batches = 0;
        }
        if (report_requested) {
            report_requested = 0;
            watch.report(options, bench);
        }
        if (sleep || batch % BatchesPerParentCheck == 0) {
            char scrap[64];
            while (readable(wake_pipe[0]) && read(wake_pipe[0], scrap, sizeof scrap) > 0) continue;
            if (!parent.listen()) break;
            while (const std::optional<std::string> order = parent.order())
                parent.say(obey(*order, bench, recorder, heard));
        }
    }
    recorder.end(bench.clocks(), sent);
}

void replay(const ohm::Options& options, const ohm::Session& session, Bench& bench) {
    ohm::Digest sent;
    const auto advance = [&](uint64_t to) {
        // In batches, so that signals and errors are seen as in a live run.
        while (bench.clocks() < to && !stop_requested) {
            bench.run(std::min<uint64_t>(Batch, to - bench.clocks()));
            sent.add(bench.uart.received());
            bench.uart.received().clear();
        }
    };
    for (const ohm::Event& event : session.events) {
        advance(event.clock);
        if (event.baud != 0) bench.uart.set_baud(event.baud);
        if (event.line) bench.uart.set_faults(*event.line);
        ohm_array_rest(ohm_dpi_array(), event.rest_s);
        bench.uart.queue(event.bytes.data(), event.bytes.size());
    }
    advance(session.end);
    if (!stop_requested && !(sent == session.out))
        throw std::runtime_error(options.replay + ": the DUT sent other bytes than in the recorded session; was it " +
                                 "another version, or other parameters, seed or state of the array?");
}

void simulate(ohm::Options options) {
    std::optional<ohm::Session> session;
    if (!options.replay.empty()) {
        session = ohm::load_session(options.replay);
        options.build_id = session->build_id;
    }
    if (options.table_digest != 0 && options.table_digest != OHM_TABLE_DIGEST)
        throw ohm::DataError("this simulator was built from other tables of fpga/ than the host's constants; build it again");
    ohm::Parent parent(options.with_parent);
    ohm::open_array(options.array);
    Bench bench(options);
    Stopwatch watch;
    if (options.bare != 0) {
        for (uint64_t left = options.bare; left != 0 && !stop_requested;) {
            const uint64_t clocks = std::min<uint64_t>(Batch, left);
            bench.run(clocks);
            left -= clocks;
        }
    } else if (session) {
        replay(options, *session, bench);
    } else {
        live(options, bench, watch, parent);
    }
    watch.report(options, bench);
}

}  // namespace

int main(int argc, char** argv) {
    const ohm::Options options = ohm::parse_options(argc, argv);
    if (pipe(wake_pipe) != 0) return 1;
    struct sigaction action = {};
    action.sa_handler = on_signal;
    for (int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaction(number, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    try {
        simulate(options);
    } catch (const ModelError& error) {
        std::fprintf(stderr, "ohmbench sim: %s\n", error.what());
        return ModelErrorExit;
    } catch (const ohm::DataError& error) {
        std::fprintf(stderr, "ohmbench sim: %s\n", error.what());
        return DataErrorExit;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ohmbench sim: %s\n", error.what());
        return 1;
    }
    return 0;
}
