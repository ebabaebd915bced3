#include "pty.h"

// Not <termios.h>: only the kernel's termios2 tells rates that have no B constant, such as 12 Mbaud.
#include <asm/termbits.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ohm {

namespace {

constexpr size_t BacklogLimit = 65536;
constexpr int PatienceMs = 1000;

int check(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

}  // namespace

Pty::Pty(uint32_t baud) {
    master_ = check(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "posix_openpt");
    check(grantpt(master_), "grantpt");
    check(unlockpt(master_), "unlockpt");
    path_ = ptsname(master_);
    // Kept open, so that the master sees no hang-up before the first host opens the port and between two hosts.
    slave_ = check(open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open of the pty");

    struct termios2 settings = {};
    check(ioctl(slave_, TCGETS2, &settings), "TCGETS2");
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = BOTHER | CS8 | CREAD | CLOCAL;
    settings.c_ispeed = baud;
    settings.c_ospeed = baud;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    check(ioctl(slave_, TCSETS2, &settings), "TCSETS2");
}

Pty::~Pty() {
    close(slave_);
    close(master_);
}

size_t Pty::read(uint8_t* bytes, size_t room) {
    ssize_t count = ::read(master_, bytes, room);
    return count > 0 ? static_cast<size_t>(count) : 0;
}

bool Pty::push() {
    while (!backlog_.empty()) {
        ssize_t count = ::write(master_, backlog_.data(), backlog_.size());
        if (count <= 0) return false;
        backlog_.erase(backlog_.begin(), backlog_.begin() + count);
    }
    losing_ = false;
    return true;
}

void Pty::write(std::vector<uint8_t>& bytes) {
    backlog_.insert(backlog_.end(), bytes.begin(), bytes.end());
    bytes.clear();
    if (push() || backlog_.size() < BacklogLimit) return;
    if (!losing_) {
        struct pollfd out = {master_, POLLOUT, 0};
        if (poll(&out, 1, PatienceMs) > 0) {
            push();
            return;
        }
    }
    losing_ = true;
    backlog_.clear();
}

uint32_t Pty::baud() const {
    struct termios2 settings = {};
    if (ioctl(master_, TCGETS2, &settings) < 0) return 0;
    return settings.c_ospeed;
}

}  // namespace ohm
