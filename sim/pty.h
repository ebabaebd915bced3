// The simulator's end of a pseudo terminal that a host program opens like any serial port.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ohm {

class Pty {
   public:
    // Throws std::system_error when the system gives no pty.
    explicit Pty(uint32_t baud);
    ~Pty();
    Pty(const Pty&) = delete;
    Pty& operator=(const Pty&) = delete;

    const std::string& path() const { return path_; }
    int fd() const { return master_; }

    // Up to `room` bytes that the host has written; 0 when there are none.
    size_t read(uint8_t* bytes, size_t room);

    // Passes the bytes on and empties the vector. Waits a second for a host that does not read, then loses bytes until
    // it does, as a real port does: nothing grows without bound, and a bench left alone still runs into its watchdog.
    void write(std::vector<uint8_t>& bytes);
    bool write_pending() const { return !backlog_.empty(); }

    // Bit rate that the host has set on its side.
    uint32_t baud() const;

   private:
    bool push();

    int master_ = -1;
    int slave_ = -1;
    bool losing_ = false;
    std::string path_;
    std::vector<uint8_t> backlog_;
};

}  // namespace ohm
