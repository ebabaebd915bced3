// Damage on the serial line, by chance but the same every time for the same bytes: what a bad cable, a bad bridge
// or a bad clock does, character by character. LineFaultsUsage says what can be asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace ohm {

extern const char LineFaultsUsage[];

// One direction of the line. Rates are chances, from 0 to 1.
struct Damage {
    double flip = 0, lose = 0, insert = 0, twice = 0, frames = 0;
    double burst = 0, stall = 0;
    unsigned burst_bytes = 0;
    double stall_ms = 0;
};

struct LineFaults {
    Damage tx, rx;  // tx: to the FPGA
    double skew = 0;
    std::optional<uint64_t> cut;
    uint32_t limit = 0;  // 0: none
    uint64_t seed = 1;
};

// Throws std::invalid_argument that names what is wrong. "none" is a line without faults.
LineFaults parse_line_faults(const std::string& text);

// A character on the line: start bit, data from bit 0 on, stop bit; the first one sent is bit 0 here.
using Character = uint16_t;

constexpr Character character(uint8_t byte) { return static_cast<Character>(0x200u | (unsigned{byte} << 1)); }

// Damages what passes in one direction.
class Disturbance {
   public:
    Disturbance(const Damage& damage, uint64_t seed) : damage_{damage}, random_{seed} {}

    // What comes of a byte: nothing, one character or several; valid until the next call.
    const std::vector<Character>& pass(uint8_t byte);
    // For how many milliseconds the line falls silent before the next byte.
    double stall();
    Character noise();

   private:
    enum class Spoil { Bit, Lose, Twice, Insert, Noise, Whole };
    static constexpr unsigned Spoils = 6;

    bool chance(double rate);
    unsigned below(unsigned limit);
    uint8_t random_byte();
    void spoil_frame(uint8_t byte);
    void spoil_character(Character whole);

    Damage damage_;
    std::mt19937_64 random_;
    std::vector<Character> before_, out_;
    unsigned burst_left_ = 0;

    // the frame that passes
    unsigned at_ = 0, length_before_ = 1, place_ = 0;
    bool spoil_ = false;
    Spoil kind_ = Spoil::Bit;
};

}  // namespace ohm
