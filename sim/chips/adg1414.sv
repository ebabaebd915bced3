// Analog Devices ADG1414, octal SPST switch, not daisy-chained. RESET/VL low opens all switches.
// How long a switch takes is the board's affair. Figures: fpga/carriers/reference/parts/adg1414.toml. Ports as
// spi_checker.
module adg1414 (
    input logic tick_i,
    input model_pkg::half_t half_i,
    input logic sclk_fell_i,
    input logic din_i,
    input logic din_moved_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [7:0] closed_o  // bit s: switch s, S1 first
);

  localparam int unsigned Bits = parts_pkg::Adg1414FrameBits;

  logic [Bits-1:0] word;
  int unsigned bits;
  logic sync_nq;

  initial closed_o = '0;

  always @(posedge tick_i, negedge tick_i) begin
    if (!reset_ni) closed_o <= '0;
    else if (!sync_nq && sync_ni && bits == Bits) closed_o <= word;
  end

  spi_checker #(
      .Bits(Bits),
      .SyncSetupNs(parts_pkg::Adg1414SyncSetupNs),
      .SyncHoldNs(parts_pkg::Adg1414SyncHoldNs),
      .SyncHighNs(parts_pkg::Adg1414SyncHighNs)
  ) u_spi (
      .tick_i,
      .half_i,
      .sclk_fell_i,
      .data_i(din_i),
      .data_moved_i(din_moved_i),
      .sync_ni,
      .reset_ni,
      .word_o(word),
      .bits_o(bits),
      .sync_nq_o(sync_nq)
  );

endmodule
