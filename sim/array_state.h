// The array's state in a file, so that a simulated array keeps its weights between two runs as a real one does.
#pragma once

#include <string>

namespace ohm {

// No file: nothing happens, the array is a new one. Throws std::runtime_error when the file is no state of this version.
void load_array_state(const std::string& path);

// Throws std::system_error when the file cannot be written; an older file then stays as it was.
void save_array_state(const std::string& path);

}  // namespace ohm
