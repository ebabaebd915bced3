// The scan port of BM Labs / ChipFoundry's Neuromorphic X1, as its maker's bench drives it
// (BMsemi/Evaluation_Research_Boards-: api_v1/cell_api.py, caravel_scan_debug_fpga.v, read in November 2026): TM high and
// ScanInDR low, then 18 clocks, a dummy bit, {OP_SET, SL[4:0], BL[4:0], WL[4:0]} from bit 0 and a tail bit, taken as
// ScanInCC rises; ScanInDR high begins the bias of the cell, TM low ends it. Rows are WL and SL, columns BL.
// Which level resets the chip is not agreed upon: it comes from the carrier's table.
// The pins are sampled at both edges of clk_i, before they follow it.
module neuromorphic_x1 (
    input logic clk_i,
    input model_pkg::half_t half_i,  // time of the sample
    input logic reset_i,
    input logic tm_i,
    input logic cc_i,
    input logic dl_i,
    input logic dr_i,
    output logic op_set_o,  // the last word
    output logic [4:0] row_o,
    output logic [4:0] column_o
);
  import model_pkg::half_t;

  localparam int unsigned Bits = 18;
  localparam half_t ClockPeriod = model_pkg::halves(100);  // the .xdc of its maker's bench: 10 MHz

  typedef struct packed {
    logic reset;
    logic tm;
    logic cc;
    logic dl;
    logic dr;
  } pins_t;

  pins_t pins, was;
  assign pins = '{
          reset: reset_i ^ !ohm_carrier_pkg::ScanResetLevel,
          tm: tm_i,
          cc: cc_i,
          dl: dl_i,
          dr: dr_i
      };

  logic [Bits-1:0] taken;  // the last one in bit 17
  int unsigned bits;
  half_t cc_rose;
  string name;

  initial begin
    name = $sformatf("%m");
    was = '{reset: 1'b1, default: 1'b0};
    taken = '0;
    bits = 0;
    cc_rose = model_pkg::LongAgo;
  end

  assign row_o = taken[5:1];
  assign column_o = taken[10:6];
  assign op_set_o = taken[16];

  function automatic void fail(string rule);
    model_pkg::report(name, rule, half_i);
  endfunction

  always @(posedge clk_i, negedge clk_i) begin
    if (pins != was) begin
      was <= pins;
      if (pins.reset) bits <= 0;
      else look();
    end
  end

  task automatic look();
    if (pins.dl != was.dl && pins.cc && !was.reset) fail("data move on the wrong edge");
    if (pins.cc && !was.cc) begin
      if (half_i - cc_rose < ClockPeriod) fail("scan clock too fast");
      cc_rose <= half_i;
      if (!pins.tm || pins.dr) fail("scan clock with nothing to shift");
      else if (bits == Bits) fail("more bits than a packet has");
      else begin
        taken <= {pins.dl, taken[Bits-1:1]};
        bits  <= bits + 1;
      end
    end
    if (pins.tm && !was.tm) begin
      bits <= 0;
      if (pins.dr) fail("TM rises with ScanInDR high");
    end
    if (pins.tm && pins.dr && !was.dr) begin
      if (bits != Bits) fail("bias without a whole word");
      else if (taken[5:1] != taken[15:11]) fail("two rows chosen");
    end
    if (!pins.tm && was.tm) begin
      bits <= 0;
      if (!was.dr) fail("packet abandoned");
    end
    if (pins.tm && was.dr && !pins.dr) fail("ScanInDR falls before TM");
  endtask

endmodule
