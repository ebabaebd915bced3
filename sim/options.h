// What the simulator is asked for on its command line.
#pragma once

#include <cstdint>
#include <string>

#include "array_state.h"

namespace ohm {

struct Options {
    ohm::ArrayOptions array;
    std::string cps, record, replay, waves;
    std::string line_faults;
    uint64_t bare = 0;
    uint32_t build_id = 0;
    uint32_t table_digest = 0;  // 0: not asked
    bool with_parent = false;
    int argc = 0;  // all of them, for what +words say to the RTL's models
    char** argv = nullptr;
};

// Ends the process, with the reason, if they make no sense.
Options parse_options(int argc, char** argv);

}  // namespace ohm
