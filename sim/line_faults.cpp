#include "line_faults.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ohm {

const char LineFaultsUsage[] =
    "  a list of KIND=VALUE with commas between; tx. before a kind: only to the FPGA, rx.: only from it\n"
    "    flip=P         chance that a bit is flipped, start and stop bits too\n"
    "    lose=P         chance that a byte is lost\n"
    "    insert=P       chance that a random byte comes in front of a byte\n"
    "    double=P       chance that a byte comes twice\n"
    "    burst=P:N      chance at each byte that from it on N bytes are noise\n"
    "    stall=P:MS     chance at each byte that the line is silent for MS ms of bench time in front of it\n"
    "    frames=P       chance that a frame is damaged, in one of these ways or lost as a whole\n"
    "    skew=F         the host's rate is higher by the fraction F, -0.1 to 0.1 (no tx., rx.)\n"
    "    cut=N          after N bytes, both ways together, the cable is cut (no tx., rx.)\n"
    "    limit=BAUD     at a higher rate all is noise (no tx., rx.)\n"
    "    seed=N         of the chances; 1 if not given (no tx., rx.)\n";

namespace {

constexpr double MostSkew = 0.1;
constexpr double MostStallMs = 10000;
constexpr double MostBurst = 65536;
constexpr unsigned SpoilBytes = 3;

[[noreturn]] void refuse(const std::string& item, const std::string& why) {
    throw std::invalid_argument("line fault " + item + ": " + why);
}

double number(const std::string& item, const std::string& text, double least, double most, bool whole = false) {
    char* end;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= least && value <= most) || (whole && value != std::floor(value))) {
        std::ostringstream range;
        range.precision(15);
        range << (whole ? "a whole number" : "a number") << " from " << least << " to " << most << " is needed";
        refuse(item, range.str());
    }
    return value;
}

// "P" or "P:VALUE"
void set_damage(Damage& damage, const std::string& item, const std::string& kind, const std::string& value) {
    static const std::map<std::string, double Damage::*> Simple = {
        {"flip", &Damage::flip},    {"lose", &Damage::lose},     {"insert", &Damage::insert},
        {"double", &Damage::twice}, {"frames", &Damage::frames},
    };
    const auto simple = Simple.find(kind);
    if (simple != Simple.end()) {
        damage.*simple->second = number(item, value, 0, 1);
        return;
    }
    const size_t colon = value.find(':');
    const double rate = number(item, value.substr(0, colon), 0, 1);
    const std::string amount = colon == std::string::npos ? "" : value.substr(colon + 1);
    if (kind == "burst") {
        damage.burst = rate;
        damage.burst_bytes = static_cast<unsigned>(number(item, amount, 1, MostBurst, true));
    } else {
        damage.stall = rate;
        damage.stall_ms = number(item, amount, 0, MostStallMs);
    }
}

bool set_line(LineFaults& faults, const std::string& item, const std::string& kind, const std::string& value) {
    constexpr double Most = 9007199254740992.0;  // 2^53: a double still holds each whole number
    if (kind == "skew") {
        faults.skew = number(item, value, -MostSkew, MostSkew);
    } else if (kind == "cut") {
        faults.cut = static_cast<uint64_t>(number(item, value, 0, Most, true));
    } else if (kind == "limit") {
        faults.limit = static_cast<uint32_t>(number(item, value, 1, 1e9, true));
    } else if (kind == "seed") {
        faults.seed = static_cast<uint64_t>(number(item, value, 0, Most, true));
    } else {
        return false;
    }
    return true;
}

}  // namespace

LineFaults parse_line_faults(const std::string& text) {
    LineFaults faults;
    if (text == "none") return faults;
    std::istringstream items(text);
    if (!text.empty() && text.back() == ',') refuse("''", "KIND=VALUE is needed");
    for (std::string item; std::getline(items, item, ',');) {
        const size_t equals = item.find('=');
        if (equals == std::string::npos) refuse("'" + item + "'", "KIND=VALUE is needed");
        std::string kind = item.substr(0, equals);
        const std::string value = item.substr(equals + 1), way = kind.substr(0, 3);
        if (set_line(faults, item, kind, value)) continue;
        const bool one_way = way == "tx." || way == "rx.";
        if (one_way) kind.erase(0, 3);
        static const char* Kinds[] = {"flip", "lose", "insert", "double", "burst", "stall", "frames"};
        bool known = false;
        for (const char* name : Kinds) known = known || kind == name;
        if (!known) refuse(item, "no such kind");
        if (way != "rx.") set_damage(faults.tx, item, kind, value);
        if (way != "tx.") set_damage(faults.rx, item, kind, value);
    }
    return faults;
}

bool Disturbance::chance(double rate) {
    return rate > 0 && std::ldexp(static_cast<double>(random_() >> 11), -53) < rate;
}

unsigned Disturbance::below(unsigned limit) { return static_cast<unsigned>(random_() % limit); }

uint8_t Disturbance::random_byte() { return static_cast<uint8_t>(below(256)); }

double Disturbance::stall() { return chance(damage_.stall) ? damage_.stall_ms : 0; }

Character Disturbance::noise() {
    unsigned bits = (below(256) << 1) | (below(2) << 9);
    // With no stop bit, one data bit is high: the line is never low for so long that it is a break.
    if ((bits & 0x200u) == 0) bits |= 0x20u;
    return static_cast<Character>(bits);
}

const std::vector<Character>& Disturbance::pass(uint8_t byte) {
    before_.clear();
    out_.clear();
    if (damage_.frames > 0)
        spoil_frame(byte);
    else
        before_.push_back(character(byte));
    for (const Character whole : before_) spoil_character(whole);
    return out_;
}

// All of a frame but its delimiter may be damaged, so that the next one is not.
void Disturbance::spoil_frame(uint8_t byte) {
    const Character whole = character(byte);
    if (byte == 0) {
        if (at_ != 0) length_before_ = at_;
        // A lost frame leaves no delimiter either, as if it had never been sent.
        const bool is_lost = spoil_ && kind_ == Spoil::Whole;
        // It was shorter than the one before, and its place has not come.
        if (spoil_ && !is_lost && at_ <= place_) before_.push_back(character(static_cast<uint8_t>(1 + below(255))));
        if (!is_lost) before_.push_back(whole);
        at_ = 0;
        spoil_ = false;
        return;
    }
    if (at_ == 0) {
        spoil_ = chance(damage_.frames);
        kind_ = static_cast<Spoil>(below(Spoils));
        place_ = below(length_before_);
    }
    const bool here = spoil_ && at_ == place_;
    ++at_;
    if (spoil_ && kind_ == Spoil::Whole) return;
    if (!here) {
        before_.push_back(whole);
        return;
    }
    switch (kind_) {
        case Spoil::Lose: break;
        case Spoil::Twice: before_.insert(before_.end(), 2, whole); break;
        case Spoil::Insert: before_.insert(before_.end(), {character(random_byte()), whole}); break;
        case Spoil::Noise:
            for (unsigned i = 0; i < SpoilBytes; ++i) before_.push_back(character(random_byte()));
            break;
        default: before_.push_back(whole ^ static_cast<Character>(2u << below(8)));
    }
}

void Disturbance::spoil_character(Character whole) {
    if (burst_left_ == 0 && chance(damage_.burst)) burst_left_ = damage_.burst_bytes;
    if (burst_left_ != 0) {
        --burst_left_;
        out_.push_back(noise());
        return;
    }
    if (chance(damage_.insert)) out_.push_back(character(random_byte()));
    if (chance(damage_.lose)) return;
    Character bits = whole;
    for (unsigned bit = 0; damage_.flip > 0 && bit < 10; ++bit)
        if (chance(damage_.flip)) bits ^= static_cast<Character>(1u << bit);
    out_.push_back(bits);
    if (chance(damage_.twice)) out_.push_back(bits);
}

}  // namespace ohm
