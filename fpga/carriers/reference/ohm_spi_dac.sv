// Writes one channel of an AD5686R: SYNC falls a clock before the first bit, data change as SCLK
// rises and are taken as it falls, the output moves as SYNC rises. Taken at clock T, the next frame
// can be taken at T + DacFrameCycles.
module ohm_spi_dac (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic        safe_i,      // abandons the frame; the chips are being reset
    input  logic        start_i,     // only while ready_o
    input  logic [ 2:0] rail_i,      // chip, channel
    input  logic [15:0] code_i,
    output logic        ready_o,
    output logic        dac_sclk_o,
    output logic        dac_sdi_o,
    output logic [ 1:0] dac_sync_no
);

  localparam int unsigned Frame = ohm_carrier_pkg::DacFrameCycles;
  localparam int unsigned Bits = 24;
  // clocks with SYNC high, the one that takes a frame included
  localparam int unsigned High = Frame - Bits - 1;
  localparam int unsigned CountW = $clog2(Frame);
  localparam logic [3:0] WriteAndUpdate = 4'b0011;  // AD5686R, table 7

  logic [CountW-1:0] count_q;  // clocks until ready
  logic [  Bits-1:0] shift_q;
  logic [       1:0] sync_nq;

  assign ready_o     = count_q == '0;
  assign dac_sdi_o   = shift_q[Bits-1];
  assign dac_sync_no = sync_nq;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      count_q <= '0;
      shift_q <= '0;
      sync_nq <= '1;
    end else if (start_i) begin
      count_q <= CountW'(Frame - 1);
      shift_q <= {WriteAndUpdate, 4'b0001 << rail_i[1:0], code_i};
      sync_nq <= ~(2'b01 << rail_i[2]);
    end else begin
      if (count_q != '0) count_q <= count_q - 1'b1;
      if (count_q < CountW'(Frame - 1)) shift_q <= shift_q << 1;
      if (count_q == CountW'(High)) sync_nq <= '1;
    end
  end

  ohm_clk_gate u_sclk (
      .clk_i,
      .rst_ni,
      .en_i (count_q > CountW'(High) && !safe_i),
      .clk_o(dac_sclk_o)
  );

endmodule
