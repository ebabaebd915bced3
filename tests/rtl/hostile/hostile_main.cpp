// Plays a script on the pins of hostile_tb: bytes on the UART, over-current, resets, waits. One order a line:
//   b HEX   send these bytes, four clocks a bit
//   w N     N clocks
//   e N     until no program runs, at most N clocks
//   o N     a column over its limit for N clocks, from now on
//   r N     reset for N clocks
//   p       a program has ended
//   d N     damage between the FPGA and the checker, see hostile_tb.sv and x1_hostile_tb.sv
// Ends at the first violation. Prints what was seen as one line of JSON.

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "Vhostile_tb.h"
#include "verilated.h"
#if VM_COVERAGE
#include "verilated_cov.h"
#endif

namespace {

constexpr unsigned ClocksPerBit = 4;
constexpr unsigned StartClocks = 16;
constexpr unsigned Faults = 16;

class Bench {
   public:
    Bench() {
        top_.rst_ni = 0;
        top_.uart_rx_i = 1;
        top_.overcurrent_i = 0;
        top_.damage_i = 0;
        run(StartClocks);
        top_.rst_ni = 1;
    }

    void run(uint64_t clocks) {
        for (; clocks != 0; --clocks) {
            if (trip_ != 0) --trip_;
            top_.overcurrent_i = trip_ != 0;
            top_.clk_i = 1;
            context().timeInc(1);
            top_.eval();
            top_.clk_i = 0;
            context().timeInc(1);
            top_.eval();
            ++clocks_;
            if (top_.fault_o != last_fault_) {
                last_fault_ = top_.fault_o;
                ++faults_[last_fault_ % Faults];
            }
        }
    }

    void send(const std::string& hex) {
        for (size_t i = 0; i + 1 < hex.size(); i += 2) {
            // start bit, eight bits, stop bit, the first one lowest
            unsigned bits = 0x200u | static_cast<unsigned>(std::stoul(hex.substr(i, 2), nullptr, 16)) << 1;
            for (unsigned bit = 0; bit < 10; ++bit, bits >>= 1) {
                top_.uart_rx_i = bits & 1;
                run(ClocksPerBit);
            }
        }
    }

    void until_ended(uint64_t clocks) {
        while (clocks-- != 0 && top_.running_o) run(1);
    }

    void trip(unsigned clocks) { trip_ = clocks + 1; }

    void damage(unsigned which) { top_.damage_i = which; }

    void reset(unsigned clocks) {
        top_.rst_ni = 0;
        run(clocks);
        top_.rst_ni = 1;
    }

    uint32_t violations() const { return top_.violations_o; }

    void report(uint64_t programs) const {
        std::printf("{\"programs\": %llu, \"clocks\": %llu, \"violations\": %u, \"seen\": [",
                    static_cast<unsigned long long>(programs), static_cast<unsigned long long>(clocks_),
                    top_.violations_o);
        for (unsigned i = 0; i < sizeof(top_.seen_o) / 4; ++i) std::printf("%s%u", i ? ", " : "", top_.seen_o[i]);
        std::printf("], \"faults\": [");
        for (unsigned i = 0; i < Faults; ++i) std::printf("%s%u", i ? ", " : "", faults_[i]);
        std::printf("]}\n");
    }

   private:
    VerilatedContext& context() { return *top_.contextp(); }

    Vhostile_tb top_;
    uint64_t clocks_ = 0;
    unsigned trip_ = 0;
    unsigned last_fault_ = 0;
    unsigned faults_[Faults] = {};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    std::ifstream script(argv[1]);
    Bench bench;
    uint64_t programs = 0;
    for (std::string order; std::getline(script, order) && bench.violations() == 0;) {
        const std::string value = order.size() > 2 ? order.substr(2) : "";
        switch (order[0]) {
            case 'b': bench.send(value); break;
            case 'w': bench.run(std::stoull(value)); break;
            case 'e': bench.until_ended(std::stoull(value)); break;
            case 'o': bench.trip(std::stoul(value)); break;
            case 'r': bench.reset(std::stoul(value)); break;
            case 'd': bench.damage(std::stoul(value)); break;
            case 'p': ++programs; break;
            default: return 2;
        }
    }
    bench.report(programs);
#if VM_COVERAGE
    VerilatedCov::write("hostile.dat");
#endif
    return bench.violations() != 0;
}
