// What AD5686R and ADG1414 have in common: a shift register filled at the falling edges of SCLK
// while SYNC is low, and the times that their datasheets ask of SCLK, SYNC and data.
module spi_checker #(
    parameter int unsigned Bits = 8,
    parameter int unsigned SclkMaxHz = 0,
    parameter int unsigned SyncSetupNs = 0,
    parameter int unsigned SyncHoldNs = 0,
    parameter int unsigned SyncHighNs = 0,
    parameter int unsigned DataSetupNs = 0,
    parameter int unsigned DataHoldNs = 0
) (
    input model_pkg::half_t half_i,  // time now
    input logic sclk_i,
    input logic data_i,
    input logic sync_ni,
    input logic reset_ni,
    output logic [Bits-1:0] word_o,
    output logic done_o  // toggles at the end of a frame of the right length
);

  import model_pkg::half_t;

  localparam half_t Period = model_pkg::period(SclkMaxHz);
  localparam half_t SyncSetup = model_pkg::halves(SyncSetupNs);
  localparam half_t SyncHold = model_pkg::halves(SyncHoldNs);
  localparam half_t SyncHigh = model_pkg::halves(SyncHighNs);
  localparam half_t DataSetup = model_pkg::halves(DataSetupNs);
  localparam half_t DataHold = model_pkg::halves(DataHoldNs);

  int unsigned falls, begun;  // falling edges of SCLK so far, and when the frame began
  int unsigned count;
  half_t sync_fell, sync_rose, sclk_fell, data_moved;
  string name;

  initial begin
    name = $sformatf("%m");
    falls = 0;
    begun = 0;
    sync_fell = model_pkg::LongAgo;
    sync_rose = model_pkg::LongAgo;
    sclk_fell = model_pkg::LongAgo;
    data_moved = model_pkg::LongAgo;
    word_o = '0;
    done_o = 1'b0;
  end

  assign count = falls - begun;

  function automatic void need(half_t since, half_t least, string rule);
    if (half_i - since < least) model_pkg::report(name, rule, half_i);
  endfunction

  always @(negedge sync_ni) begin
    if (reset_ni) need(sync_rose, SyncHigh, "SYNC high too short");
    sync_fell <= half_i;
    begun <= falls;
  end

  always @(negedge sclk_i) begin
    if (!sync_ni && reset_ni) begin
      if (count == 0)
        need(sync_fell, SyncSetup, "SYNC setup to the falling edge of SCLK too short");
      else need(sclk_fell, Period, "SCLK too fast");
      need(data_moved, DataSetup, "data setup too short");
      word_o <= {word_o[Bits-2:0], data_i};
      falls <= falls + 1;
      sclk_fell <= half_i;
    end
  end

  // Both edges by name: a list without edges would be taken as combinational logic.
  always @(posedge data_i, negedge data_i) begin
    if (!sync_ni && reset_ni && count != 0) need(sclk_fell, DataHold, "data hold too short");
    data_moved <= half_i;
  end

  always @(posedge sync_ni) begin
    sync_rose <= half_i;
    if (reset_ni) begin
      if (count != Bits) begin
        model_pkg::report(name, $sformatf("frame of %0d bits", count), half_i);
      end else begin
        need(sclk_fell, SyncHold, "SYNC hold after the falling edge of SCLK too short");
        done_o <= !done_o;
      end
    end
  end

endmodule
