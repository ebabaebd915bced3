// cocotb's own main program, with our waveforms in place of Verilator's.
#include "Vtop.h"
#include "waves.h"

namespace {

struct CocotbWaves : ohm::Waves {
    CocotbWaves() : Waves("") {}  // its model has no name
};

}  // namespace

#define VerilatedFstC CocotbWaves
#include "verilator.cpp"
