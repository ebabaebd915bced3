// Takes the lines from one pattern of switches to another, break before make: first, in group
// order, each group in which a switch opens gets old & new; then, in group order, each in which one
// closes gets new. A group with none to close has its final pattern after the first pass.
//
// A group's eight ADG1414 have a data line each and share clock and SYNC: 8 bits a frame, MSB
// first, data change as SCLK rises and are taken as it falls, the switches move as SYNC rises.
// Taken at clock T with n frames to send, the next change can be taken at
// T + 1 + n * SwitchFrameCycles, the clock after the last SYNC rose.
module ohm_spi_switch (
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // all switches are being opened
    input logic start_i,  // only while ready_o
    input ohm_carrier_pkg::mode_e mode_i,
    input logic [31:0] wl_i,
    input logic [31:0] bl_i,
    input logic [31:0] col_i,
    output logic [3:0] frames_o,  // that a start now would send
    output logic ready_o,
    output logic sw_sclk_o,
    output logic [7:0] sw_data_o,
    output logic [ohm_carrier_pkg::Groups-1:0] sw_sync_no
);

  localparam int unsigned Groups = ohm_carrier_pkg::Groups;
  localparam int unsigned Frame = ohm_carrier_pkg::SwitchFrameCycles;
  localparam int unsigned Bits = 8;
  localparam int unsigned High = Frame - Bits;  // clocks with SYNC high
  localparam int unsigned CountW = $clog2(Frame);

  typedef struct packed {
    ohm_carrier_pkg::mode_e mode;
    logic [31:0]            wl;
    logic [31:0]            bl;
    logic [31:0]            col;
  } lines_t;

  typedef logic [Groups-1:0][63:0] pattern_t;

  // Which switches are closed, as carrier.toml numbers them: chip c, switch s is bit 8c + s.
  function automatic pattern_t closed(lines_t lines);
    pattern_t p = '0;
    logic [31:0] bl = lines.mode == ohm_carrier_pkg::ModeReset ? '0 : lines.bl;
    unique case (lines.mode)
      ohm_carrier_pkg::ModeRead:  p[ohm_carrier_pkg::GroupBus][4:0] = 5'b10010;  // bl_read, wl_read
      ohm_carrier_pkg::ModeSet:   p[ohm_carrier_pkg::GroupBus][4:0] = 5'b00101;  // bl_set, wl_set
      ohm_carrier_pkg::ModeReset: p[ohm_carrier_pkg::GroupBus][4:0] = 5'b01000;  // wl_reset
      default:                    p = '0;
    endcase
    if (lines.mode != ohm_carrier_pkg::ModeOff) begin
      for (int i = 0; i < 32; i++) begin
        p[ohm_carrier_pkg::GroupWl][2*i+:2] = {!lines.wl[i], lines.wl[i]};  // ground, bus
        p[ohm_carrier_pkg::GroupBl][2*i+:2] = {!bl[i], bl[i]};
      end
      for (int j = 0; j < 16; j++) begin
        p[ohm_carrier_pkg::GroupColLo][4*j+:4] = column(lines.mode, lines.col[j]);
        p[ohm_carrier_pkg::GroupColHi][4*j+:4] = column(lines.mode, lines.col[16+j]);
      end
    end
    return p;
  endfunction

  function automatic logic [3:0] column(ohm_carrier_pkg::mode_e mode, logic selected);
    unique case (mode)
      ohm_carrier_pkg::ModeRead:  return 4'b0001;  // transimpedance amplifier
      ohm_carrier_pkg::ModeSet:   return selected ? 4'b0010 : 4'b0100;  // ground, inhibit
      ohm_carrier_pkg::ModeReset: return selected ? 4'b1000 : 4'b0010;  // RESET bus, ground
      default:                    return 4'b0000;
    endcase
  endfunction

  lines_t old_q, new_q;
  pattern_t old_closed, new_closed, want_closed;
  logic [Groups-1:0] opens, closes;  // what a start now would bring
  logic [Groups-1:0] breaks_q, makes_q;  // groups whose frame has not begun

  // The next frame, from what is left: the lowest break, or with none left the lowest make.
  logic                   load;
  logic [Groups-1:0]      chosen;
  logic [      63:0]      frame;
  logic [CountW-1:0]      count_q;
  logic [       7:0][7:0] shift_q;
  logic [Groups-1:0]      sync_nq;

  assign old_closed  = closed(old_q);
  assign new_closed  = closed(new_q);
  assign want_closed = closed('{mode: mode_i, wl: wl_i, bl: bl_i, col: col_i});

  always_comb begin
    opens    = '0;
    closes   = '0;
    frames_o = '0;
    for (int g = 0; g < int'(Groups); g++) begin
      opens[g]  = |(new_closed[g] & ~want_closed[g]);
      closes[g] = |(want_closed[g] & ~new_closed[g]);
      frames_o  = frames_o + 4'(opens[g]) + 4'(closes[g]);
    end
  end

  always_comb begin
    frame = '0;
    if (breaks_q != '0) chosen = breaks_q & (~breaks_q + 1'b1);
    else chosen = makes_q & (~makes_q + 1'b1);
    for (int g = 0; g < int'(Groups); g++) begin
      if (chosen[g]) frame = frame | new_closed[g] & (breaks_q != '0 ? old_closed[g] : '1);
    end
  end

  assign load       = chosen != '0 && count_q == '0;
  assign ready_o    = chosen == '0 && count_q == '0;
  assign sw_sync_no = sync_nq;

  for (genvar c = 0; c < 8; c++) begin : g_data
    assign sw_data_o[c] = shift_q[c][7];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      old_q    <= '0;
      new_q    <= '0;
      breaks_q <= '0;
      makes_q  <= '0;
      count_q  <= '0;
      shift_q  <= '0;
      sync_nq  <= '1;
    end else begin
      if (start_i) begin
        old_q    <= new_q;
        new_q    <= '{mode: mode_i, wl: wl_i, bl: bl_i, col: col_i};
        breaks_q <= opens;
        makes_q  <= closes;
      end
      if (load) begin
        if (breaks_q != '0) breaks_q <= breaks_q & ~chosen;
        else makes_q <= makes_q & ~chosen;
        count_q <= CountW'(Frame - 1);
        shift_q <= frame;
        sync_nq <= ~chosen;
      end else begin
        if (count_q != '0) count_q <= count_q - 1'b1;
        for (int c = 0; c < 8; c++) shift_q[c] <= shift_q[c] << 1;
        if (count_q == CountW'(High)) sync_nq <= '1;
      end
    end
  end

  ohm_clk_gate u_sclk (
      .clk_i,
      .rst_ni,
      .en_i ((load || count_q > CountW'(High)) && !safe_i),
      .clk_o(sw_sclk_o)
  );

endmodule
