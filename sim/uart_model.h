// Host side of the serial line, 8N1, bit by bit on the DUT's pins, and what is wrong with that line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "line_faults.h"

namespace ohm {

class UartModel {
   public:
    UartModel(uint32_t clock_hz, uint32_t baud);

    // Acts at once, as on a real port: bytes that were queued before keep the rate that they were queued at.
    void set_baud(uint32_t baud);
    uint32_t baud() const { return baud_; }

    // From the next byte on, and instead of the faults before.
    void set_faults(const LineFaults& faults);

    void queue(const uint8_t* bytes, size_t count);
    size_t queued() const { return queue_.size(); }

    // Bytes from the DUT, for the caller to take out.
    std::vector<uint8_t>& received();

    // Nothing on the line in either direction and nothing waiting to go out.
    bool idle() const { return due_send_ == Never && !receiving_ && !line_low_ && held_.empty(); }

    // One clock: takes the level of the DUT's output, returns the level for its input.
    bool tick(bool from_dut) {
        now_ += One;
        if (now_ >= due_send_) step_send();
        // A sample that was due between two clocks sees what the line was until now.
        if (receiving_ && now_ >= due_sample_) sample(now_ == due_sample_ ? from_dut : last_from_dut_);
        if (receiving_) {
            last_from_dut_ = from_dut;
        } else if (from_dut) {
            line_low_ = false;
        } else if (!line_low_) {
            start_receiving();
        }
        return level_;
    }

   private:
    // Time in 1/65536 clocks, so that 48 MHz / 115200 = 416.67 clocks a bit does not drift within a byte.
    static constexpr uint64_t One = 1u << 16;
    static constexpr uint64_t Never = ~uint64_t{0};

    struct Item {
        uint64_t period;
        uint8_t byte;
    };

    struct Faulty {
        explicit Faulty(const LineFaults& faults)
            : faults{faults}, tx{faults.tx, 2 * faults.seed}, rx{faults.rx, 2 * faults.seed + 1} {}

        LineFaults faults;
        Disturbance tx, rx;
        uint64_t passed = 0;                // bytes, both ways
        std::deque<Character> on_line = {};  // what comes of the byte being sent
        uint64_t hold_until = 0;            // what came from the DUT is held back until then
    };

    void step_send();
    bool next_character();
    bool next_faulty_character();
    void start_receiving();
    void sample(bool from_dut);
    void receive_faulty(uint8_t byte);
    bool is_noise(uint64_t period) const;
    bool is_cut();
    uint64_t clocks_of_ms(double ms) const;

    uint32_t clock_hz_;
    uint32_t baud_ = 0;
    uint64_t period_ = 0;
    uint64_t now_ = 0;

    std::deque<Item> queue_;
    uint64_t due_send_ = Never;
    uint64_t send_period_ = 0;
    Character send_bits_ = 0;  // not yet sent, the next in bit 0
    unsigned send_left_ = 0;
    bool level_ = true;

    bool receiving_ = false;
    bool last_from_dut_ = false;
    bool line_low_ = false;  // after a framing error: a new start bit needs a high line first
    uint64_t due_sample_ = 0;
    uint64_t receive_period_ = 0;
    unsigned receive_bits_ = 0;
    unsigned receive_count_ = 0;
    std::vector<uint8_t> received_;

    std::unique_ptr<Faulty> faulty_;  // none: a line without faults costs nothing
    std::vector<uint8_t> held_;
};

}  // namespace ohm
