// Analog Devices LTC2320-16, octal ADC, CMOS outputs with a line a channel. CNV falls: the inputs
// are held and converted. After that the MSB stands at SDO and each falling edge of SCK brings the
// next bit; CNV stays low until all 16 are out. Figures: fpga/carriers/reference/parts/ltc2320_16.toml. The
// pins come as carrier_board samples them; tick_i toggles when CNV has moved or SCK has fallen.
module ltc2320 (
    input logic tick_i,
    input model_pkg::half_t half_i,  // time of the sample
    input logic cnv_ni,
    input logic sck_fell_i,
    input logic abandon_i,  // the carrier is in its safe state: a conversion may stay unfinished
    input logic [7:0][15:0] codes_i,  // of the conversion that CNV began
    output logic [7:0] sdo_o
);

  import model_pkg::half_t;

  localparam int unsigned Bits = parts_pkg::Ltc232016FrameBits;
  localparam half_t Convert = model_pkg::halves(parts_pkg::Ltc232016ConvertNs);
  localparam half_t CnvHigh = model_pkg::halves(parts_pkg::Ltc232016CnvHighNs);

  int unsigned bits;
  logic cnv_nq;
  half_t cnv_moved;
  string name;

  initial begin
    name = $sformatf("%m");
    bits = 0;
    cnv_nq = 1'b1;
    cnv_moved = model_pkg::LongAgo;
    sdo_o = '0;
  end

  function automatic void fail(string rule);
    model_pkg::report(name, rule, half_i);
  endfunction

  always @(posedge tick_i, negedge tick_i) begin
    cnv_nq <= cnv_ni;
    if (cnv_nq != cnv_ni) cnv_moved <= half_i;
    if (cnv_nq && !cnv_ni) begin
      if (half_i - cnv_moved < CnvHigh) fail("CNV high too short");
      bits <= 0;
      for (int c = 0; c < 8; c++) sdo_o[c] <= codes_i[c][Bits-1];
    end
    if (sck_fell_i) begin
      if (cnv_ni) begin
        if (!abandon_i) fail("SCK while CNV is high");
      end else begin
        if (bits == 0 && half_i - cnv_moved < Convert) fail("code clocked out before it is there");
        for (int c = 0; c < 8; c++) begin
          sdo_o[c] <= bits + 1 < Bits && codes_i[c][4'(Bits-2-bits)];
        end
        bits <= bits + 1;
      end
    end
    if (!cnv_nq && cnv_ni && !abandon_i) begin
      if (half_i - cnv_moved < Convert) fail("CNV too short, high before the conversion has ended");
      if (bits != Bits) fail($sformatf("frame of %0d bits", bits));
    end
  end

endmodule
