#include "session.h"

#include <cerrno>
#include <cinttypes>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace ohm {

namespace {

const char Title[] = "ohmbench session 1";

std::vector<uint8_t> from_hex(const std::string& text) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        const std::string digits = text.substr(i, 2);
        if (digits.find_first_not_of("0123456789abcdef") != std::string::npos || digits.size() != 2)
            throw std::invalid_argument("not hex");
        bytes.push_back(static_cast<uint8_t>(std::stoul(digits, nullptr, 16)));
    }
    return bytes;
}

}  // namespace

void Digest::add(const std::vector<uint8_t>& bytes) {
    count += bytes.size();
    for (uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
}

Recorder::Recorder(const std::string& path, uint32_t build_id) {
    if (path.empty()) return;
    file_ = std::fopen(path.c_str(), "w");
    if (file_ == nullptr) throw std::system_error(errno, std::generic_category(), path);
    std::fprintf(file_, "%s\n0 build %08" PRIx32 "\n", Title, build_id);
}

Recorder::~Recorder() {
    if (file_ != nullptr) std::fclose(file_);
}

void Recorder::baud(uint64_t clock, uint32_t baud) {
    if (file_ != nullptr) std::fprintf(file_, "%" PRIu64 " baud %" PRIu32 "\n", clock, baud);
}

void Recorder::in(uint64_t clock, const uint8_t* bytes, size_t count) {
    if (file_ == nullptr) return;
    std::fprintf(file_, "%" PRIu64 " in ", clock);
    for (size_t i = 0; i < count; ++i) std::fprintf(file_, "%02x", bytes[i]);
    std::fputc('\n', file_);
}

void Recorder::rest(uint64_t clock, double seconds) {
    if (file_ != nullptr) std::fprintf(file_, "%" PRIu64 " rest %.17g\n", clock, seconds);
}

void Recorder::line(uint64_t clock, const std::string& faults) {
    if (file_ != nullptr) std::fprintf(file_, "%" PRIu64 " line %s\n", clock, faults.c_str());
}

void Recorder::end(uint64_t clock, const Digest& out) {
    if (file_ == nullptr) return;
    std::fprintf(file_, "%" PRIu64 " end %" PRIu64 " %016" PRIx64 "\n", clock, out.count, out.hash);
    std::fflush(file_);
}

Session load_session(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error(path + ": cannot be read");
    Session session;
    std::string line;
    std::getline(file, line);
    if (line != Title) throw std::runtime_error(path + ": not a recorded session");
    for (unsigned number = 2; std::getline(file, line); ++number) {
        std::istringstream words(line);
        uint64_t clock = 0;
        std::string what, value;
        words >> clock >> what >> value;
        try {
            if (what == "build") {
                session.build_id = static_cast<uint32_t>(std::stoul(value, nullptr, 16));
            } else if (what == "baud") {
                session.events.push_back({clock, static_cast<uint32_t>(std::stoul(value))});
            } else if (what == "in") {
                session.events.push_back({clock, 0, from_hex(value)});
            } else if (what == "rest") {
                session.events.push_back({clock, 0, {}, std::stod(value)});
            } else if (what == "line") {
                session.events.push_back({clock, 0, {}, 0.0, parse_line_faults(value)});
            } else if (what == "end") {
                session.end = clock;
                session.out.count = std::stoull(value);
                words >> std::hex >> session.out.hash;
                return session;
            } else {
                throw std::invalid_argument("no such event");
            }
        } catch (const std::logic_error&) {
            throw std::runtime_error(path + ":" + std::to_string(number) + ": damaged line");
        }
    }
    throw std::runtime_error(path + ": cut short: the recording simulator did not come to its end");
}

}  // namespace ohm
