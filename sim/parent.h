// The process that started us: its orders come on standard input, a line each, and are answered on what was standard
// output, a line each.
//
//   rest SECONDS    bench time passes with the array off, and no clock is simulated for it: "rested", or "refused" for
//                   what is no such time
//   line FAULTS     what is wrong with the line from now on, as LineFaultsUsage says: "line", or "refused" and why
//   array           "array on SINCE NOW HEARD" or "array off ...": whether its outputs are on, in clocks since when, the
//                   clock now, and the one in which the last byte to the FPGA was handed to the line
//
// Standard input at its end: that process is gone.
#pragma once

#include <optional>
#include <string>

namespace ohm {

class Parent {
   public:
    // From here on standard output is standard error, for what models print is a message to a human.
    explicit Parent(bool listens);
    ~Parent();
    Parent(const Parent&) = delete;
    Parent& operator=(const Parent&) = delete;

    void say(const std::string& line);
    // The descriptor to poll; -1: nobody is listened to.
    int fd() const;
    // What has come since, without waiting. False: the parent is gone.
    bool listen();
    // The next order, if one has come.
    std::optional<std::string> order();

   private:
    bool listens_;
    int answers_;
    std::string heard_;
};

}  // namespace ohm
