// Sends a packet to the X1's scan port. Asked for in clock T, and as long as it is: the chip's reset for ScanResetCycles,
// then ScanBits scan clocks, low half first; data move with the first half of each. A pulse is ready in clock
// T + ScanPacketCycles, a read ScanHoldCycles later: then the one who asks takes it.
//   lead_o  TM until the bias: from T + 1 + ScanResetCycles to the first clock of the bias.
//   read_o  the bias of a read: from T + ScanPacketCycles + 1 to the clock after it was taken.
// No longer asked for, it ends at once.
module ohm_scan
  import ohm_carrier_pkg::*;
#(
    // less in searches of proofs
    parameter int unsigned Half = ScanHalfCycles,
    parameter int unsigned Packet = ScanPacketCycles,
    parameter int unsigned HoldFor = ScanHoldCycles
) (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,

    input  logic               ask_i,
    input  logic               read_i,  // these steady while it is asked for
    input  logic               set_i,
    input  logic [   Rows-1:0] wl_i,
    input  logic [Columns-1:0] col_i,
    output logic               idle_o,
    output logic               ready_o,

    output logic scan_cc_o,
    output logic scan_dl_o,
    output logic lead_o,
    output logic read_o,
    output logic chip_reset_o
);
  localparam int unsigned Reset = ScanResetCycles;
  localparam int unsigned Hold = Packet + HoldFor;
  localparam int unsigned CountW = $clog2(Hold + 2);
  localparam int unsigned HalfW = $clog2(Half + 1);

  logic [CountW-1:0] count_q, next;  // clocks since T, 0 while idle
  logic [HalfW-1:0] half_q;  // clocks of this half of a scan clock that are left
  logic cc_q, lead_q, read_q, reset_q;
  logic [ScanBits-1:0] shift_q, bits;
  logic [ScanWordBits-1:0] word;
  logic [RowW-1:0] row;
  logic [ColumnW-1:0] column;

  always_comb begin
    row    = '0;
    column = '0;
    for (int unsigned i = 0; i < Rows; i++) if (wl_i[i]) row |= RowW'(i);
    for (int unsigned j = 0; j < Columns; j++) if (col_i[j]) column |= ColumnW'(j);
    word                    = '0;
    word[ScanWlAt+:RowW]    = row;
    word[ScanSlAt+:RowW]    = row;
    word[ScanBlAt+:ColumnW] = column;
    word[ScanOpSetAt]       = set_i;
    bits                    = '0;
    for (int unsigned b = 0; b < ScanWordBits; b++) begin
      bits[ScanDummyBits+b] = ScanLsbFirst ? word[b] : word[ScanWordBits-1-b];
    end
  end

  logic ends;
  assign idle_o  = count_q == '0;
  assign ready_o = ask_i && count_q == (read_i ? CountW'(Hold) : CountW'(Packet));
  assign ends    = ready_o || !ask_i;
  assign next    = count_q + 1'b1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      count_q <= '0;
      half_q  <= '0;
      cc_q    <= 1'b0;
      lead_q  <= 1'b0;
      read_q  <= 1'b0;
      reset_q <= 1'b0;
      shift_q <= '0;
    end else begin
      count_q <= ends ? '0 : next;
      reset_q <= ask_i && next <= CountW'(Reset);
      lead_q  <= ask_i && next > CountW'(Reset) && count_q <= CountW'(Packet);
      read_q  <= ask_i && read_i && count_q >= CountW'(Packet);
      if (!ask_i || count_q >= CountW'(Packet)) begin
        cc_q <= 1'b0;
      end else if (count_q == CountW'(Reset)) begin
        cc_q    <= 1'b0;
        half_q  <= HalfW'(Half - 1);
        shift_q <= bits;
      end else if (count_q > CountW'(Reset)) begin
        half_q <= half_q == '0 ? HalfW'(Half - 1) : half_q - 1'b1;
        if (half_q == '0) begin
          cc_q <= !cc_q;
          if (cc_q) shift_q <= shift_q >> 1;
        end
      end
    end
  end

  assign scan_cc_o    = cc_q;
  assign scan_dl_o    = shift_q[0];
  assign lead_o       = lead_q;
  assign read_o       = read_q;
  assign chip_reset_o = reset_q;
endmodule
