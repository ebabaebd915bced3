// A waveform of the simulated bench: what of it is written and when, and the save file with which GTKWave and Surfer
// show it.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

#include "array/ohm_dpi.h"
#include "verilated.h"
#include "verilated_fst_c.h"

namespace ohm {

// Without +armed: all of the bench, all the time.
// With it: ArmedScopes, while the probe wants it (wave_probe.sv). Times are the simulation's, so that parts are left out.
class Waves : public VerilatedFstC {
   public:
    // root: how the model is called, with a dot behind it if it has a name
    explicit Waves(const char* root = "TOP.") : root_(root) {}

    ~Waves() override { close(); }

    void open(const char* path) override {
        // as the writer was made, before there was a model, it took those of no model
        set_time_unit(Verilated::threadContextp()->timeunitString());
        set_time_resolution(Verilated::threadContextp()->timeprecisionString());
        is_armed_only_ = *Verilated::threadContextp()->commandArgsPlusMatch("armed") != '\0';
        if (is_armed_only_)
            for (const Scope& scope : ArmedScopes) dumpvars(scope.levels, root_ + scope.name);
        VerilatedFstC::open(path);
        path_ = path;
    }

    void dump(uint64_t time_ps) {
        if (is_armed_only_ && !ohm_dpi_wants_waves()) return;
        VerilatedFstC::dump(time_ps);
        if (pulse_ps_ == 0 && ohm_dpi_is_cell_pulsed()) pulse_ps_ = time_ps;
    }

    void close() {
        if (isOpen()) write_save_file();
        VerilatedFstC::close();
    }

   private:
    struct Scope {
        int levels;
        const char* name;
    };
    static constexpr Scope ArmedScopes[] = {
        {1, "ohm_sim_top"},          // pins of the FPGA
        {1, "ohm_sim_top.u_probe"},  // rails, the cell
        {1, "ohm_sim_top.u_top.u_core.u_seq"},
        {9, "ohm_sim_top.u_top.u_core.u_guard"},
        {1, "ohm_sim_top.u_top.u_carrier"},
    };

    // Flags of save files: values of GTKWave's analyzer.h, TR_*.
    enum Flags : unsigned { Bits = 0x28, Hex = 0x22, Decimal = 0x24, Steps = 0x8420, Height = 0x20020 };
    enum : unsigned { GroupBegin = 0x800200, GroupEnd = 0x1000200 };
    struct Line {
        Flags flags;
        const char* name;  // of a signal below ohm_sim_top; a group begins where it begins with -
    };
    static constexpr Line ShownOfX1[] = {
        {Bits, "-the cell"},
        {Steps, "u_probe.cell_v"},
        {Steps, "u_probe.cell_usiemens"},
        {Decimal, "u_probe.cell_code[15:0]"},
        {Decimal, "u_probe.cell_pulses[15:0]"},
        {Bits, "-scan port"},
        {Bits, "chip_reset"},
        {Bits, "scan_tm"},
        {Bits, "scan_dr"},
        {Bits, "scan_cc"},
        {Bits, "scan_dl"},
        {Bits, "u_probe.op_set_i"},
        {Decimal, "u_probe.row_i[4:0]"},
        {Decimal, "u_probe.column_i[4:0]"},
        {Bits, "-other pins"},
        {Bits, "safe_n"},
        {Bits, "overcurrent_n"},
        {Bits, "dac_sclk"},
        {Bits, "dac_sdi"},
        {Bits, "dac_sync_n"},
        {Bits, "adc_cnv_n"},
        {Bits, "adc_sck"},
        {Bits, "-supplies in volts"},
        {Steps, "u_probe.vcc_set_v"},
        {Steps, "u_probe.vcc_wl_set_v"},
        {Bits, "-guard"},
        {Bits, "armed_o"},
        {Hex, "u_top.u_core.u_guard.fault_q[7:0]"},
        {Decimal, "u_top.u_core.u_guard.pulse_budget[15:0]"},
        {Decimal, "u_top.u_core.u_guard.max_width[15:0]"},
        {Bits, "-pulse processor"},
        {Bits, "running_o"},
        {Decimal, "u_top.u_core.u_seq.pc_q[9:0]"},
        {Hex, "u_top.u_core.u_seq.word_q[31:0]"},
        {Decimal, "u_top.u_carrier.mode_q[1:0]"},
    };
    static constexpr Line Shown[] = {
        {Bits, "-the cell"},
        {Steps, "u_probe.cell_wl_v"},
        {Steps, "u_probe.cell_bl_v"},
        {Steps, "u_probe.cell_sl_v"},
        {Steps, "u_probe.cell_v"},
        {Steps, "u_probe.cell_ua"},
        {Steps, "u_probe.cell_usiemens"},
        {Decimal, "u_probe.cell_code[15:0]"},
        {Decimal, "u_probe.cell_pulses[15:0]"},
        {Bits, "-pins"},
        {Bits, "set_en"},
        {Bits, "reset_en"},
        {Bits, "safe_n"},
        {Bits, "overcurrent_n"},
        {Bits, "dac_sclk"},
        {Bits, "dac_sdi"},
        {Bits, "dac_sync_n[1:0]"},
        {Bits, "sw_sclk"},
        {Hex, "sw_data[7:0]"},
        {Bits, "sw_sync_n[4:0]"},
        {Bits, "adc_cnv_n"},
        {Bits, "adc_sck"},
        {Bits, "-rails in volts"},
        {Steps, "u_probe.bl_set_v"},
        {Steps, "u_probe.sl_reset_v"},
        {Steps, "u_probe.sl_inhibit_v"},
        {Steps, "u_probe.wl_set_v"},
        {Steps, "u_probe.wl_reset_v"},
        {Bits, "-guard"},
        {Bits, "armed_o"},
        {Hex, "u_top.u_core.u_guard.fault_q[7:0]"},
        {Decimal, "u_top.u_core.u_guard.pulse_budget[15:0]"},
        {Decimal, "u_top.u_core.u_guard.max_width[15:0]"},
        {Bits, "-pulse processor"},
        {Bits, "running_o"},
        {Decimal, "u_top.u_core.u_seq.pc_q[9:0]"},
        {Hex, "u_top.u_core.u_seq.word_q[31:0]"},
        {Decimal, "u_top.u_carrier.mode_q[1:0]"},
    };

    void write_save_file() const {
        char whole[4096];  // PATH_MAX of Linux
        const std::string fst = realpath(path_.c_str(), whole) == nullptr ? path_ : whole;
        const std::string path = fst.substr(0, fst.rfind('.')) + ".gtkw";
        FILE* file = std::fopen(path.c_str(), "w");
        if (file == nullptr) return;  // the waveform itself is there, and is what matters
        std::fprintf(file, "[*] ohmbench\n[dumpfile] \"%s\"\n[savefile] \"%s\"\n", fst.c_str(), path.c_str());
        // from 4 us before the cell's first pulse, which the marker is at; 200 pixels are 2^21.8 ps, so that a window has 20 us
        const uint64_t from = pulse_ps_ > 4000000 ? pulse_ps_ - 4000000 : 0;
        std::fprintf(file, "[timestart] %llu\n[size] 1500 1000\n", static_cast<unsigned long long>(from));
        std::fprintf(file, "*-21.8 %llu", static_cast<unsigned long long>(pulse_ps_));
        for (char named = 'a'; named <= 'z'; ++named) std::fputs(" -1", file);
        std::fputs("\n[signals_width] 260\n[sst_expanded] 0\n", file);
        const bool is_x1 = *Verilated::threadContextp()->commandArgsPlusMatch("carrier=x1_scan") != '\0';
        const Line* const shown = is_x1 ? ShownOfX1 : Shown;
        const size_t count = is_x1 ? std::size(ShownOfX1) : std::size(Shown);
        const char* group = nullptr;
        for (size_t n = 0; n < count; ++n) {
            const Line& line = shown[n];
            if (line.name[0] == '-') {
                if (group != nullptr) std::fprintf(file, "@%x\n%s\n", GroupEnd, group);
                std::fprintf(file, "@%x\n%s\n", GroupBegin, group = line.name);
                continue;
            }
            std::fprintf(file, "@%x\n%sohm_sim_top.%s\n", line.flags, root_.c_str(), line.name);
            if (line.flags == Steps) std::fprintf(file, "@%x\n-\n", Height);  // a row more for the one above
        }
        std::fprintf(file, "@%x\n%s\n", GroupEnd, group);
        std::fclose(file);
    }

    const std::string root_;
    std::string path_;
    bool is_armed_only_ = false;
    uint64_t pulse_ps_ = 0;  // begin of the cell's first pulse
};

}  // namespace ohm
