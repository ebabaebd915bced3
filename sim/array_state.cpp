#include "array_state.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "array/ohm_dpi.h"

namespace ohm {

void load_array_state(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return;
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    if (ohm_array_restore(ohm_dpi_array(), bytes.data(), bytes.size()) != 0)
        throw std::runtime_error(path + ": not the state of an array, or of another version of ohmbench; without the " +
                                 "file, the simulation starts with a new array");
    // The RTL counts its run time from 0 again.
    ohm_array_restart_clock(ohm_dpi_array());
}

void save_array_state(const std::string& path) {
    std::vector<char> bytes(ohm_array_size());
    ohm_array_save(ohm_dpi_array(), bytes.data());
    const std::string partial = path + ".part";
    std::ofstream file(partial, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file || std::rename(partial.c_str(), path.c_str()) != 0)
        throw std::system_error(errno, std::generic_category(), path);
}

}  // namespace ohm
