#include "options.h"

#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "line_faults.h"

namespace ohm {

namespace {

const char Usage[] =
    "usage: %s [options]\n"
    "  --params FILE    parameters of the array model\n"
    "  --build-id HEX   what the FPGA says that it was built from\n"
    "  --tables HEX     refuse to start if this was compiled from other tables of fpga/\n"
    "  --seed N         seed of the array model (a new array: 1)\n"
    "  --state FILE     the array lives in this file, made if absent; one that exists has its own parameters and seed\n"
    "  --faults FILE    cells to spoil, lines \"row column kind\": 1 stuck low, 2 stuck high, 3 unformed, 4 weak\n"
    "  --carrier FILE   what the carrier's wiring, rails and converters are off by, lines as sim/array/ohm_board.h says\n"
    "  --rest-s S       let the array rest with its power off for S seconds of bench time before the start\n"
    "  --cps FILE       write clocks and seconds as JSON at exit and on SIGUSR1\n"
    "  --record FILE    record what the host sends\n"
    "  --replay FILE    no pty: replay a recorded session, with its line faults, as fast as possible\n"
    "  --bare N         no pty: run N clocks as fast as possible\n"
    "  --waves FILE     write a waveform (only in a build with --trace-fst): all of the bench, or, with +armed, what\n"
    "                   sim/waves.h lists, while the bench is armed; +cell=N, +pulse=N: see sim/wave_probe.sv\n"
    "  --with-parent    end when standard input closes; orders come on it (sim/parent.h)\n"
    "  --line-faults F  damage on the serial line, in either direction:\n%s";

double number(const char* program, const char* text) {
    char* end;
    const double value = std::strtod(text, &end);
    if (end != text && *end == '\0') return value;
    std::fprintf(stderr, "%s: %s is not a number\n", program, text);
    std::exit(2);
}

std::string checked_line_faults(const char* program, const char* text) {
    try {
        parse_line_faults(text);
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s: %s\nwhat can be asked for:\n%s", program, error.what(), LineFaultsUsage);
        std::exit(2);
    }
    return text;
}

}  // namespace

Options parse_options(int argc, char** argv) {
    static const struct option Long[] = {
        {"params", required_argument, nullptr, 'p'}, {"seed", required_argument, nullptr, 's'},
        {"state", required_argument, nullptr, 't'},  {"faults", required_argument, nullptr, 'f'},
        {"rest-s", required_argument, nullptr, 'e'}, {"cps", required_argument, nullptr, 'c'},
        {"record", required_argument, nullptr, 'r'}, {"replay", required_argument, nullptr, 'R'},
        {"bare", required_argument, nullptr, 'b'},   {"waves", required_argument, nullptr, 'v'},
        {"with-parent", no_argument, nullptr, 'w'},  {"line-faults", required_argument, nullptr, 'l'},
        {"build-id", required_argument, nullptr, 'i'}, {"tables", required_argument, nullptr, 'T'}, {"carrier", required_argument, nullptr, 'C'},
        {"help", no_argument, nullptr, 'h'},
        {nullptr, 0, nullptr, 0},
    };
    Options options;
    options.argc = argc;
    options.argv = argv;
    for (int c; (c = getopt_long(argc, argv, "", Long, nullptr)) != -1;) {
        switch (c) {
            case 'p': options.array.params = optarg; break;
            case 'i': options.build_id = std::strtoul(optarg, nullptr, 16); break;
            case 'T': options.table_digest = std::strtoul(optarg, nullptr, 16); break;
            case 's': options.array.seed = std::strtoull(optarg, nullptr, 0); break;
            case 't': options.array.state = optarg; break;
            case 'f': options.array.faults = optarg; break;
            case 'C': options.array.carrier = optarg; break;
            case 'e': options.array.rest_s = number(argv[0], optarg); break;
            case 'c': options.cps = optarg; break;
            case 'r': options.record = optarg; break;
            case 'R': options.replay = optarg; break;
            case 'b': options.bare = std::strtoull(optarg, nullptr, 0); break;
            case 'v': options.waves = optarg; break;
            case 'w': options.with_parent = true; break;
            case 'l': options.line_faults = checked_line_faults(argv[0], optarg); break;
            case 'h': std::printf(Usage, argv[0], LineFaultsUsage); std::exit(0);
            default: std::fprintf(stderr, Usage, argv[0], LineFaultsUsage); std::exit(2);
        }
    }
    return options;
}

}  // namespace ohm
