#include "uart_model.h"

#include <cmath>

namespace ohm {

namespace {

constexpr Character StartBit = 0x001, StopBit = 0x200, IdleLine = 0x3ff;

}  // namespace

UartModel::UartModel(uint32_t clock_hz, uint32_t baud) : clock_hz_{clock_hz} { set_baud(baud); }

void UartModel::set_baud(uint32_t baud) {
    baud_ = baud;
    period_ = (uint64_t{clock_hz_} * One + baud / 2) / baud;
    if (faulty_ != nullptr && faulty_->faults.skew != 0)
        period_ = static_cast<uint64_t>(std::llround(static_cast<double>(period_) / (1 + faulty_->faults.skew)));
}

void UartModel::set_faults(const LineFaults& faults) {
    faulty_ = std::make_unique<Faulty>(faults);
    set_baud(baud_);
}

void UartModel::queue(const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) queue_.push_back({period_, bytes[i]});
    if (count != 0 && due_send_ == Never) due_send_ = now_ + One;
}

std::vector<uint8_t>& UartModel::received() {
    if (!held_.empty() && now_ >= faulty_->hold_until) {
        received_.insert(received_.end(), held_.begin(), held_.end());
        held_.clear();
    }
    return received_;
}

void UartModel::step_send() {
    if (send_left_ == 0 && !(faulty_ == nullptr ? next_character() : next_faulty_character())) return;
    level_ = (send_bits_ & 1u) != 0;
    send_bits_ >>= 1;
    --send_left_;
    due_send_ += send_period_;
}

bool UartModel::next_character() {
    if (queue_.empty()) {
        due_send_ = Never;
        return false;
    }
    send_period_ = queue_.front().period;
    send_bits_ = character(queue_.front().byte);
    send_left_ = 10;
    queue_.pop_front();
    return true;
}

bool UartModel::next_faulty_character() {
    Faulty& line = *faulty_;
    while (line.on_line.empty()) {
        level_ = true;  // also after a character that was left without a stop bit
        if (queue_.empty()) {
            due_send_ = Never;
            return false;
        }
        const auto [period, byte] = queue_.front();
        queue_.pop_front();
        send_period_ = period;
        if (is_cut()) {
            line.on_line.push_back(IdleLine);
        } else if (is_noise(period)) {
            line.on_line.push_back(line.tx.noise());
        } else {
            const std::vector<Character>& passed = line.tx.pass(byte);
            line.on_line.assign(passed.begin(), passed.end());
        }
        if (const double ms = line.tx.stall(); ms > 0) {
            due_send_ += clocks_of_ms(ms);
            return false;
        }
    }
    send_bits_ = line.on_line.front();
    send_left_ = 10;
    line.on_line.pop_front();
    return true;
}

void UartModel::start_receiving() {
    receiving_ = true;
    last_from_dut_ = false;
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
    const uint8_t byte = from_dut ? static_cast<uint8_t>(receive_bits_) : 0;
    if (faulty_ == nullptr)
        received_.push_back(byte);
    else
        receive_faulty(byte);
}

void UartModel::receive_faulty(uint8_t byte) {
    Faulty& line = *faulty_;
    if (is_cut()) return;
    if (const double ms = line.rx.stall(); ms > 0) line.hold_until = now_ + clocks_of_ms(ms);
    std::vector<uint8_t>& to = now_ < line.hold_until || !held_.empty() ? held_ : received_;
    const auto arrive = [&](Character bits) {
        // With no start bit nothing is noticed. (A real receiver may take a later bit for it.)
        if ((bits & StartBit) == 0) to.push_back((bits & StopBit) != 0 ? static_cast<uint8_t>(bits >> 1) : 0);
    };
    if (is_noise(receive_period_)) {
        arrive(line.rx.noise());
    } else {
        for (const Character bits : line.rx.pass(byte)) arrive(bits);
    }
}

bool UartModel::is_noise(uint64_t period) const {
    // a tenth of tolerance, for the skew
    return faulty_->faults.limit != 0 && period * faulty_->faults.limit < uint64_t{clock_hz_} * One / 10 * 9;
}

bool UartModel::is_cut() {
    const std::optional<uint64_t>& cut = faulty_->faults.cut;
    return cut && faulty_->passed++ >= *cut;
}

uint64_t UartModel::clocks_of_ms(double ms) const {
    return static_cast<uint64_t>(ms * 1e-3 * clock_hz_) * One;
}

}  // namespace ohm
