#include "uart_model.h"

namespace ohm {

UartModel::UartModel(uint32_t clock_hz, uint32_t baud) : clock_hz_{clock_hz} { set_baud(baud); }

void UartModel::set_baud(uint32_t baud) {
    baud_ = baud;
    period_ = (uint64_t{clock_hz_} * One + baud / 2) / baud;
}

void UartModel::queue(const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) queue_.push_back({period_, bytes[i]});
    if (count != 0 && due_send_ == Never) due_send_ = now_ + One;
}

void UartModel::step_send() {
    if (send_left_ == 0) {
        if (queue_.empty()) {
            due_send_ = Never;
            return;
        }
        send_period_ = queue_.front().period;
        send_bits_ = 0x200u | (unsigned{queue_.front().byte} << 1);
        send_left_ = 10;
        queue_.pop_front();
    }
    level_ = (send_bits_ & 1u) != 0;
    send_bits_ >>= 1;
    --send_left_;
    due_send_ += send_period_;
}

void UartModel::start_receiving() {
    receiving_ = true;
    receive_period_ = period_;
    receive_bits_ = 0;
    receive_count_ = 0;
    due_sample_ = now_ + period_ + period_ / 2;
}

void UartModel::sample(bool from_dut) {
    due_sample_ += receive_period_;
    if (receive_count_ < 8) {
        receive_bits_ |= unsigned{from_dut} << receive_count_++;
        return;
    }
    receiving_ = false;
    line_low_ = !from_dut;
    // Linux hands a character with a framing error to the reader as 0 (termios: no PARMRK, no IGNPAR).
    received_.push_back(from_dut ? static_cast<uint8_t>(receive_bits_) : 0);
}

}  // namespace ohm
