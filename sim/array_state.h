// The array behind the carrier: a new one, or one that lives in a file and keeps its weights as a real one does.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace ohm {

struct ArrayOptions {
    std::string params, state, faults, carrier;  // files; empty: none
    std::optional<uint64_t> seed;
    double rest_s = 0.0;
};

// A file that is missing, damaged, in use, or contradicts another option.
struct DataError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Puts the array in place, with the faults in it and rested. With a state file, that file is mapped and locked until
// the process ends, so that a kill loses nothing; host/ohmbench/support/mapped_file.py does the same to the same file.
void open_array(const ArrayOptions& options);

}  // namespace ohm
