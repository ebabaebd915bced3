// Analog Devices LTC2320-16, octal ADC, CMOS outputs with a line a channel. CNV falls: the inputs
// are held and converted. After that the MSB stands at SDO and each falling edge of SCK brings the
// next bit; CNV stays low until all 16 are out. Figures: fpga/tables/parts/ltc2320_16.toml.
module ltc2320 (
    input model_pkg::half_t half_i,
    input logic cnv_ni,
    input logic sck_i,
    input logic abandon_i,  // the carrier is in its safe state: a conversion may stay unfinished
    input logic [7:0][15:0] codes_i,  // of the conversion that CNV began
    output logic [7:0] sdo_o
);

  import model_pkg::half_t;

  localparam int unsigned Bits = parts_pkg::Ltc232016FrameBits;
  localparam half_t Convert = model_pkg::halves(parts_pkg::Ltc232016ConvertNs);
  localparam half_t CnvHigh = model_pkg::halves(parts_pkg::Ltc232016CnvHighNs);
  localparam half_t Period = model_pkg::period(parts_pkg::Ltc232016SckMaxHz);

  int unsigned falls, begun;  // falling edges of SCK so far, and when the conversion began
  int unsigned count;
  half_t cnv_fell, cnv_rose, sck_fell;
  string name;

  initial begin
    name = $sformatf("%m");
    falls = 0;
    begun = 0;
    cnv_fell = model_pkg::LongAgo;
    cnv_rose = model_pkg::LongAgo;
    sck_fell = model_pkg::LongAgo;
  end

  assign count = falls - begun;

  function automatic void need(half_t since, half_t least, string rule);
    if (half_i - since < least) model_pkg::report(name, rule, half_i);
  endfunction

  always @(negedge cnv_ni) begin
    need(cnv_rose, CnvHigh, "CNV high too short");
    cnv_fell <= half_i;
    begun <= falls;
  end

  always @(posedge cnv_ni) begin
    if (!abandon_i) begin
      need(cnv_fell, Convert, "CNV too short, high before the conversion has ended");
      if (count != Bits) model_pkg::report(name, $sformatf("frame of %0d bits", count), half_i);
    end
    cnv_rose <= half_i;
  end

  always @(negedge sck_i) begin
    if (cnv_ni && !abandon_i) model_pkg::report(name, "SCK while CNV is high", half_i);
    if (count == 0) need(cnv_fell, Convert, "code clocked out before the conversion has ended");
    else need(sck_fell, Period, "SCK too fast");
    sck_fell <= half_i;
    falls <= falls + 1;
  end

  always_comb begin
    for (int c = 0; c < 8; c++) sdo_o[c] = count < Bits && codes_i[c][4'(Bits-1-count)];
  end

endmodule
