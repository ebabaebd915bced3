// Analog Devices AD5686R, quad 16-bit DAC, as far as this carrier uses it: command 0011, "write to
// and update". LDAC and RSTSEL at ground, so RESET brings all outputs to 0 V. Figures:
// fpga/carriers/reference/parts/ad5686r.toml. Ports as spi_checker.
module ad5686r (
    input logic tick_i,
    input model_pkg::half_t half_i,
    input logic sclk_fell_i,
    input logic sdi_i,
    input logic sdi_moved_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [3:0][15:0] code_o,
    output model_pkg::half_t [3:0] settled_o  // time from which each output has settled
);

  localparam int unsigned Bits = parts_pkg::Ad5686rFrameBits;
  localparam model_pkg::half_t Settle = model_pkg::halves(parts_pkg::Ad5686rSettleNs);

  logic [Bits-1:0] word;
  int unsigned bits;
  logic sync_nq;
  string name;

  initial begin
    name = $sformatf("%m");
    code_o = '0;
    settled_o = '0;
  end

  always @(posedge tick_i, negedge tick_i) begin
    if (!reset_ni) begin
      for (int c = 0; c < 4; c++) begin
        if (code_o[c] != '0) settled_o[c] <= half_i + Settle;
      end
      code_o <= '0;
    end else if (!sync_nq && sync_ni && bits == Bits) begin
      if (word[23:20] != 4'b0011) begin
        model_pkg::report(name, $sformatf("command %b is not modelled", word[23:20]), half_i);
      end else begin
        for (int c = 0; c < 4; c++) begin
          if (word[16+c] && code_o[c] != word[15:0]) begin
            code_o[c] <= word[15:0];
            settled_o[c] <= half_i + Settle;
          end
        end
      end
    end
  end

  spi_checker #(
      .Bits(Bits),
      .SyncSetupNs(parts_pkg::Ad5686rSyncSetupNs),
      .SyncHoldNs(parts_pkg::Ad5686rSyncHoldNs),
      .SyncHighNs(parts_pkg::Ad5686rSyncHighNs)
  ) u_spi (
      .tick_i,
      .half_i,
      .sclk_fell_i,
      .data_i(sdi_i),
      .data_moved_i(sdi_moved_i),
      .sync_ni,
      .reset_ni,
      .word_o(word),
      .bits_o(bits),
      .sync_nq_o(sync_nq)
  );

endmodule
