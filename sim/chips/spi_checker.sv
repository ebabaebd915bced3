// What AD5686R and ADG1414 have in common: a shift register filled at the falling edges of SCLK
// while SYNC is low, and the times that their datasheets ask. The pins come as carrier_board
// samples them, once a half clock; tick_i toggles when SYNC or reset has moved or SCLK has fallen.
//
// Data have to stand still in the half clock in which SCLK falls: their setup and hold time. The
// times of SCLK itself cannot be broken here: fpga/tables/generate.py checks them.
module spi_checker #(
    parameter int unsigned Bits = 8,
    parameter int unsigned SyncSetupNs = 0,
    parameter int unsigned SyncHoldNs = 0,
    parameter int unsigned SyncHighNs = 0
) (
    input logic tick_i,
    input model_pkg::half_t half_i,  // time of the sample
    input logic sclk_fell_i,
    input logic data_i,
    input logic data_moved_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [Bits-1:0] word_o,
    output int unsigned bits_o,  // in the frame so far
    output logic sync_nq_o  // at the tick before
);

  import model_pkg::half_t;

  localparam half_t SyncSetup = model_pkg::halves(SyncSetupNs);
  localparam half_t SyncHold = model_pkg::halves(SyncHoldNs);
  localparam half_t SyncHigh = model_pkg::halves(SyncHighNs);

  half_t sync_moved, sclk_fell;
  string name;

  initial begin
    name = $sformatf("%m");
    sync_moved = model_pkg::LongAgo;
    sclk_fell = model_pkg::LongAgo;
    word_o = '0;
    bits_o = 0;
    sync_nq_o = 1'b1;
  end

  function automatic void fail(string rule);
    model_pkg::report(name, rule, half_i);
  endfunction

  always @(posedge tick_i, negedge tick_i) begin
    sync_nq_o <= sync_ni;
    if (sync_nq_o != sync_ni) sync_moved <= half_i;
    if (reset_ni) begin
      if (sync_nq_o && !sync_ni) begin
        bits_o <= 0;
        if (half_i - sync_moved < SyncHigh) fail("SYNC high too short");
        if (sclk_fell_i) fail("SYNC falls with SCLK");
      end
      if (!sync_nq_o && !sync_ni && sclk_fell_i) begin
        if (bits_o == 0 && half_i - sync_moved < SyncSetup) fail("SYNC setup too short");
        if (data_moved_i) fail("data move as SCLK falls");
        word_o <= {word_o[Bits-2:0], data_i};
        bits_o <= bits_o + 1;
        sclk_fell <= half_i;
      end
      if (!sync_nq_o && sync_ni) begin
        if (sclk_fell_i || half_i - sclk_fell < SyncHold) fail("SYNC hold too short");
        if (bits_o != Bits) fail($sformatf("frame of %0d bits", bits_o));
      end
    end
  end

endmodule
