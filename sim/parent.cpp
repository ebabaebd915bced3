#include "parent.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ohm {

namespace {

constexpr size_t LineLimit = 1024;

}  // namespace

Parent::Parent(bool listens) : listens_{listens}, answers_{fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)} {
    if (answers_ < 0) throw std::system_error(errno, std::generic_category(), "standard output");
    dup2(STDERR_FILENO, STDOUT_FILENO);
}

Parent::~Parent() { close(answers_); }

void Parent::say(const std::string& line) {
    const std::string text = line + "\n";
    // A parent that does not read any more will be found to be gone.
    for (size_t at = 0; at < text.size();) {
        const ssize_t count = write(answers_, text.data() + at, text.size() - at);
        if (count < 0 && errno != EINTR) return;
        if (count > 0) at += static_cast<size_t>(count);
    }
}

int Parent::fd() const { return listens_ ? STDIN_FILENO : -1; }

bool Parent::listen() {
    struct pollfd in = {fd(), POLLIN, 0};
    while (listens_ && heard_.size() < LineLimit && poll(&in, 1, 0) > 0) {
        char bytes[LineLimit];
        const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
        if (count == 0 || (count < 0 && errno != EINTR)) return false;
        if (count > 0) heard_.append(bytes, static_cast<size_t>(count));
    }
    return true;
}

std::optional<std::string> Parent::order() {
    const size_t end = heard_.find('\n');
    if (end == std::string::npos) {
        if (heard_.size() >= LineLimit) heard_.clear();  // no order is that long
        return std::nullopt;
    }
    const std::string line = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    return line;
}

}  // namespace ohm
