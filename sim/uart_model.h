// Host side of the serial line, 8N1, bit by bit on the DUT's pins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace ohm {

class UartModel {
   public:
    UartModel(uint32_t clock_hz, uint32_t baud);

    // Acts at once, as on a real port: bytes that were queued before keep the rate that they were queued at.
    void set_baud(uint32_t baud);
    uint32_t baud() const { return baud_; }

    void queue(const uint8_t* bytes, size_t count);
    size_t queued() const { return queue_.size(); }

    // Bytes from the DUT since the last call of take().
    std::vector<uint8_t>& received() { return received_; }

    // Nothing on the line in either direction and nothing waiting to go out.
    bool idle() const { return due_send_ == Never && queue_.empty() && !receiving_ && !line_low_; }

    // One clock: takes the level of the DUT's output, returns the level for its input.
    bool tick(bool from_dut) {
        now_ += One;
        if (now_ >= due_send_) step_send();
        if (receiving_) {
            if (now_ >= due_sample_) sample(from_dut);
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

    void step_send();
    void start_receiving();
    void sample(bool from_dut);

    uint32_t clock_hz_;
    uint32_t baud_ = 0;
    uint64_t period_ = 0;
    uint64_t now_ = 0;

    std::deque<Item> queue_;
    uint64_t due_send_ = Never;
    uint64_t send_period_ = 0;
    unsigned send_bits_ = 0;  // stop, data and start bit not yet sent, the next in bit 0
    unsigned send_left_ = 0;
    bool level_ = true;

    bool receiving_ = false;
    bool line_low_ = false;  // after a framing error: a new start bit needs a high line first
    uint64_t due_sample_ = 0;
    uint64_t receive_period_ = 0;
    unsigned receive_bits_ = 0;
    unsigned receive_count_ = 0;
    std::vector<uint8_t> received_;
};

}  // namespace ohm
