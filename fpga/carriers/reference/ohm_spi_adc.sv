// One conversion of all channels (LTC2320-16 with common CNV and SCK, a data line a channel).
// Taken at clock T: CNV falls, after AdcConvertCycles 16 clocks on SCK, CNV rises; the codes, two a
// beat, can be had from clock T + SenseLatencyCycles on and as often as they are wanted until the
// next conversion, which can be taken at T + SenseLatencyCycles + 1: CNV is high for two clocks.
module ohm_spi_adc
  import ohm_carrier_pkg::*;
  import ohm_isa_pkg::Lanes;
#(
    parameter int unsigned Channels = ohm_carrier_pkg::Columns
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // abandons the conversion, and the codes are 0

    input  logic        start_i,       // only while ready_o
    output logic        ready_o,
    output logic        data_valid_o,
    input  logic        data_ready_i,  // low between two times of 16 beats
    output logic [31:0] data_o,        // {code of column 2k+1, code of column 2k}, 0 above the last

    // chips
    output logic                adc_cnv_no,
    output logic                adc_sck_o,
    input  logic [Channels-1:0] adc_sdo_i
);

  localparam int unsigned Convert = AdcConvertCycles;
  localparam int unsigned First = SenseLatencyCycles;
  localparam int unsigned Bits = 16;
  localparam int unsigned CountW = $clog2(First + 1);

  logic [  CountW-1:0]       count_q;  // clocks since the start, 0 while idle
  logic                      cnv_nq;
  logic [Channels-1:0]       sdo_q;
  logic [Channels-1:0][15:0] code_q;
  logic [   Lanes-1:0][15:0] lanes;
  logic [         3:0]       beat_q;

  // SDO moves with the falling edge of SCK and is taken with the next one: a whole clock for the
  // way out, through the converter and back, and by that way a hold time.
  always_ff @(negedge clk_i) sdo_q <= adc_sdo_i;

  assign ready_o      = count_q == '0;
  assign adc_cnv_no   = cnv_nq;
  assign data_valid_o = ready_o || count_q == CountW'(First);

  assign lanes        = (16 * Lanes)'(code_q);

  // gated and joined: an index into the codes is larger in look-up tables of four inputs
  always_comb begin
    data_o = '0;
    for (int unsigned b = 0; b < Lanes / 2; b++) begin
      data_o |= {lanes[2*b+1], lanes[2*b]} & {32{beat_q == 4'(b)}};
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      count_q <= '0;
      cnv_nq  <= 1'b1;
    end else if (start_i) begin
      count_q <= CountW'(1);
      cnv_nq  <= 1'b0;
    end else if (count_q != '0) begin
      count_q <= count_q == CountW'(First) ? '0 : count_q + 1'b1;
      if (count_q == CountW'(Convert + Bits)) cnv_nq <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || !data_ready_i) beat_q <= '0;
    else if (data_valid_o) beat_q <= beat_q + 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      code_q <= '0;
    end else if (count_q > CountW'(Convert) && count_q <= CountW'(Convert + Bits)) begin
      for (int unsigned j = 0; j < Channels; j++) code_q[j] <= {code_q[j][14:0], sdo_q[j]};
    end
  end

  ohm_clk_gate u_sck (
      .clk_i,
      .rst_ni,
      .en_i (count_q >= CountW'(Convert) && count_q < CountW'(Convert + Bits) && !safe_i),
      .clk_o(adc_sck_o)
  );

endmodule
