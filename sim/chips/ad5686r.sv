// Analog Devices AD5686R, quad 16-bit DAC, as far as this carrier uses it: command 0011, "write to
// and update". LDAC and RSTSEL at ground, so RESET brings all outputs to 0 V. Figures:
// fpga/tables/parts/ad5686r.toml.
module ad5686r (
    input model_pkg::half_t half_i,
    input logic sclk_i,
    input logic sdi_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [3:0][15:0] code_o,
    output model_pkg::half_t [3:0] settled_o,  // time from which each output has settled
    output logic moved_o  // toggles when an output begins to move
);

  localparam model_pkg::half_t Settle = model_pkg::halves(parts_pkg::Ad5686rSettleNs);

  logic [23:0] word;
  logic done;
  string name;

  initial begin
    name = $sformatf("%m");
    code_o = '0;
    settled_o = '0;
    moved_o = 1'b0;
  end

  always @(posedge done, negedge done, negedge reset_ni) begin
    if (reset_ni && word[23:20] != 4'b0011) begin
      model_pkg::report(name, $sformatf("command %b is not modelled", word[23:20]), half_i);
    end else begin
      for (int c = 0; c < 4; c++) begin
        if (!reset_ni && code_o[c] != '0) begin
          code_o[c] <= '0;
          settled_o[c] <= half_i + Settle;
          moved_o <= !moved_o;
        end else if (reset_ni && word[16+c] && code_o[c] != word[15:0]) begin
          code_o[c] <= word[15:0];
          settled_o[c] <= half_i + Settle;
          moved_o <= !moved_o;
        end
      end
    end
  end

  spi_checker #(
      .Bits(parts_pkg::Ad5686rFrameBits),
      .SclkMaxHz(parts_pkg::Ad5686rSclkMaxHz),
      .SyncSetupNs(parts_pkg::Ad5686rSyncSetupNs),
      .SyncHoldNs(parts_pkg::Ad5686rSyncHoldNs),
      .SyncHighNs(parts_pkg::Ad5686rSyncHighNs),
      .DataSetupNs(parts_pkg::Ad5686rDataSetupNs),
      .DataHoldNs(parts_pkg::Ad5686rDataHoldNs)
  ) u_spi (
      .half_i,
      .sclk_i,
      .data_i(sdi_i),
      .sync_ni,
      .reset_ni,
      .word_o(word),
      .done_o(done)
  );

endmodule
