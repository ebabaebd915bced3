// Analog Devices ADG1414, octal SPST switch, not daisy-chained. RESET/VL low opens all switches.
// How long a switch takes is the board's affair. Figures: fpga/tables/parts/adg1414.toml.
module adg1414 (
    input model_pkg::half_t half_i,
    input logic sclk_i,
    input logic din_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [7:0] closed_o,  // bit s: switch s, S1 first
    output logic written_o  // toggles with each frame and reset
);

  logic [7:0] word;
  logic done;

  initial begin
    closed_o  = '0;
    written_o = 1'b0;
  end

  always @(posedge done, negedge done, negedge reset_ni) begin
    closed_o  <= reset_ni ? word : '0;
    written_o <= !written_o;
  end

  spi_checker #(
      .Bits(parts_pkg::Adg1414FrameBits),
      .SclkMaxHz(parts_pkg::Adg1414SclkMaxHz),
      .SyncSetupNs(parts_pkg::Adg1414SyncSetupNs),
      .SyncHoldNs(parts_pkg::Adg1414SyncHoldNs),
      .SyncHighNs(parts_pkg::Adg1414SyncHighNs),
      .DataSetupNs(parts_pkg::Adg1414DataSetupNs),
      .DataHoldNs(parts_pkg::Adg1414DataHoldNs)
  ) u_spi (
      .half_i,
      .sclk_i,
      .data_i(din_i),
      .sync_ni,
      .reset_ni,
      .word_o(word),
      .done_o(done)
  );

endmodule
