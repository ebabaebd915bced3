// Bias of a read: for how long word lines have been on in READ since lines were last set or a conversion last taken.
// What is read is counted; what is only left on ends here.

module ohm_guard_read #(
    parameter int unsigned TicksPerMs = 48000
) (
    input logic clk_i,
    input logic rst_ni,

    input  logic        on_i,           // low: the carrier is all off, whatever it was told
    input  logic        word_line_i,    // lines are in READ, with a word line on
    input  logic        restart_i,      // the carrier takes lines or a conversion in this clock
    input  logic [15:0] max_read_ms_i,
    output logic        bias_o,         // cells may have the read voltage
    output logic        over_o          // and have had it for too long, a clock ago
);
  localparam int unsigned TickW = $clog2(TicksPerMs + 1);
  localparam int unsigned MsW = $clog2(ohm_carrier_pkg::ReadCeilingMs + 1);

  logic [TickW-1:0] tick_q;
  logic [  MsW-1:0] ms_q;

  assign bias_o = on_i && word_line_i;

  always_ff @(posedge clk_i) begin
    over_o <= rst_ni && bias_o && !restart_i && 16'(ms_q) >= max_read_ms_i;
    if (!rst_ni || !bias_o || restart_i) begin
      tick_q <= '0;
      ms_q   <= '0;
    end else if (tick_q != TickW'(TicksPerMs - 1)) begin
      tick_q <= tick_q + TickW'(1);
    end else if (ms_q != MsW'(ohm_carrier_pkg::ReadCeilingMs)) begin  // no limit is larger
      tick_q <= '0;
      ms_q   <= ms_q + MsW'(1);
    end
  end
endmodule
