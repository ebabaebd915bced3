// A session of the host on the serial line, as a text file: which bytes came at which clock, and at which bit rate.
//
//   ohmbench session 1
//   0 build <id in hex>                     what the FPGA said that it was built from
//   <clock> baud <bits a second>            the host's rate from here on, both directions
//   <clock> in <bytes in hex>               bytes queued for the DUT
//   <clock> rest <seconds>                  bench time that passed with the array off
//   <clock> line <faults>                   what is wrong with the line from here on, as LineFaultsUsage says
//   <clock> end <bytes out> <digest>        how long it ran, and what the DUT had sent by then
//
// The model is deterministic, so that replaying the file gives the same clocks and the same bytes.
#pragma once

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "line_faults.h"

namespace ohm {

// Count and FNV-1a hash of the bytes that the DUT sent.
struct Digest {
    uint64_t count = 0;
    uint64_t hash = 0xcbf29ce484222325u;
    void add(const std::vector<uint8_t>& bytes);
    bool operator==(const Digest& other) const { return count == other.count && hash == other.hash; }
};

class Recorder {
   public:
    // Throws std::system_error when the file cannot be written. An empty path records nothing.
    Recorder(const std::string& path, uint32_t build_id);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    void baud(uint64_t clock, uint32_t baud);
    void in(uint64_t clock, const uint8_t* bytes, size_t count);
    void rest(uint64_t clock, double seconds);
    void line(uint64_t clock, const std::string& faults);
    void end(uint64_t clock, const Digest& out);

   private:
    FILE* file_ = nullptr;
};

struct Event {
    uint64_t clock;
    uint32_t baud = 0;  // 0: no change
    std::vector<uint8_t> bytes = {};
    double rest_s = 0.0;
    std::optional<LineFaults> line = {};
};

struct Session {
    uint32_t build_id = 0;
    std::vector<Event> events;
    uint64_t end = 0;
    Digest out;
};

// Throws std::runtime_error naming file and line when it is not a whole session.
Session load_session(const std::string& path);

}  // namespace ohm
