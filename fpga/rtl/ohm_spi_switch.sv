// Takes the lines from one pattern of switches to another, break before make: first, in group
// order, each group in which a switch opens gets what stays closed; then, in group order, each in
// which one closes gets the new pattern. A group with none to close has it after the first pass.
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
    output logic ready_o,
    output logic settled_o,
    output logic sw_sclk_o,
    output logic [7:0] sw_data_o,
    output logic [ohm_carrier_pkg::Groups-1:0] sw_sync_no
);

  localparam int unsigned Groups = ohm_carrier_pkg::Groups;
  localparam int unsigned Frame = ohm_carrier_pkg::SwitchFrameCycles;
  localparam int unsigned Bits = 8;
  localparam int unsigned High = Frame - Bits;  // clocks with SYNC high
  localparam int unsigned CountW = $clog2(Frame);
  localparam int unsigned SwitchSettle = ohm_carrier_pkg::SwitchSettleCycles;
  localparam int unsigned ReadSettle = SwitchSettle + ohm_carrier_pkg::TiaSettleCycles;
  localparam int unsigned SettleW = $clog2(Frame + ReadSettle);

  typedef struct packed {
    ohm_carrier_pkg::mode_e mode;
    logic [31:0] wl;
    logic [31:0] bl;  // all to ground in RESET
    logic [31:0] col;
  } lines_t;

  // The closed switch of each of 16 columns, one in every mode but off: {RESET bus, inhibit, ground, TIA}.
  function automatic logic [3:0][15:0] columns(ohm_carrier_pkg::mode_e mode, logic [15:0] col);
    logic [15:0] is_read, is_set, is_reset;
    is_read  = {16{mode == ohm_carrier_pkg::ModeRead}};
    is_set   = {16{mode == ohm_carrier_pkg::ModeSet}};
    is_reset = {16{mode == ohm_carrier_pkg::ModeReset}};
    columns  = {col & is_reset, ~col & is_set, (col & is_set) | (~col & is_reset), is_read};
  endfunction

  // The buses' switches: bl_set, bl_read, wl_set, wl_reset, wl_read from bit 0.
  function automatic logic [4:0] buses(ohm_carrier_pkg::mode_e mode);
    unique case (mode)
      ohm_carrier_pkg::ModeRead:  buses = 5'b10010;
      ohm_carrier_pkg::ModeSet:   buses = 5'b00101;
      ohm_carrier_pkg::ModeReset: buses = 5'b01000;
      default:                    buses = '0;
    endcase
  endfunction

  // Columns that are grounded in SET or RESET: those of the mask in SET, the others in RESET.
  function automatic logic [31:0] grounded(ohm_carrier_pkg::mode_e mode, logic [31:0] col);
    return col ^ {32{mode == ohm_carrier_pkg::ModeReset}};
  endfunction

  // Groups in which the patterns differ, if neither is off, in group_e order. Every row and column has one closed
  // switch, so that where one opens another closes.
  function automatic logic [Groups-1:0] differences(lines_t a, lines_t b);
    logic is_other, is_read;
    logic [31:0] ground_a, ground_b, col;
    is_other = a.mode != b.mode;
    is_read  = a.mode == ohm_carrier_pkg::ModeRead || b.mode == ohm_carrier_pkg::ModeRead;
    ground_a = grounded(a.mode, a.col);
    ground_b = grounded(b.mode, b.col);
    // between SET and RESET, only what is grounded in both stays
    col      = (ground_a ^ ground_b) | (~ground_a & {32{is_other}});
    if (is_read) col = {32{is_other}};
    return {col[31:16] != '0, col[15:0] != '0, a.bl != b.bl, a.wl != b.wl, is_other};
  endfunction

  // The switches of a group that are closed in `to`, and, on the way to it, in `from` too, as carrier.toml numbers them:
  // chip c, switch s is bit 8c + s.
  function automatic logic [63:0] frame(lines_t from, lines_t to, logic on_the_way,
                                        logic [Groups-1:0] group);
    logic [31:0] row, row_from;
    logic [15:0] col, col_from;
    logic [3:0][15:0] closed;
    logic is_wl, is_row, is_lo, is_col;
    is_wl = group[ohm_carrier_pkg::GroupWl];
    is_row   = (is_wl || group[ohm_carrier_pkg::GroupBl]) && to.mode != ohm_carrier_pkg::ModeOff &&
        !(on_the_way && from.mode == ohm_carrier_pkg::ModeOff);
    is_lo = group[ohm_carrier_pkg::GroupColLo];
    is_col = is_lo || group[ohm_carrier_pkg::GroupColHi];
    row = is_wl ? to.wl : to.bl;
    row_from = is_wl ? from.wl : from.bl;
    col = is_lo ? to.col[15:0] : to.col[31:16];
    col_from = is_lo ? from.col[15:0] : from.col[31:16];
    closed = columns(to.mode, col) & (columns(from.mode, col_from) | {64{!on_the_way}});
    for (int i = 0; i < 32; i++) begin
      frame[2*i]   = is_row & row[i] & (row_from[i] | !on_the_way);
      frame[2*i+1] = is_row & !row[i] & !(row_from[i] & on_the_way);
    end
    for (int i = 0; i < 64; i++) frame[i] = frame[i] | (closed[i%4][i/4] & is_col);
    if (group[ohm_carrier_pkg::GroupBus]) begin
      frame[4:0] = buses(to.mode) & (buses(from.mode) | {5{!on_the_way}});
    end
  endfunction

  lines_t want, old_q, new_q;
  logic is_on, was_on;
  logic [Groups-1:0] different, breaks, makes, group;
  logic [2*Groups-1:0] frames, frames_q, chosen;  // frames to send: breaks from bit 0, then makes
  logic breaking, load;
  logic [CountW-1:0] count_q;  // clocks until the next frame
  logic [SettleW-1:0] settle, settle_q;  // clocks until settled, if no frame is to be sent
  logic [7:0][7:0] shift_q;
  logic [Groups-1:0] sync_nq;

  always_comb begin
    want = '{mode: mode_i, wl: wl_i, bl: bl_i, col: col_i};
    if (mode_i == ohm_carrier_pkg::ModeReset) want.bl = '0;
  end

  assign is_on      = want.mode != ohm_carrier_pkg::ModeOff;
  assign was_on     = new_q.mode != ohm_carrier_pkg::ModeOff;
  assign different  = differences(want, new_q);
  assign breaks     = !was_on ? '0 : !is_on ? '1 : different;
  assign makes      = !is_on ? '0 : !was_on ? '1 : different;
  assign frames     = {makes, breaks};
  assign chosen     = frames_q & (~frames_q + 1'b1);  // the lowest
  assign breaking   = chosen[Groups-1:0] != '0;
  assign group      = chosen[Groups-1:0] | chosen[2*Groups-1:Groups];
  assign load       = frames_q != '0 && count_q == '0;

  assign settle     = SettleW'(new_q.mode == ohm_carrier_pkg::ModeRead ? ReadSettle : SwitchSettle);

  assign ready_o    = frames_q == '0 && count_q == '0;
  assign settled_o  = settle_q == '0 && frames_q == '0;
  assign sw_sync_no = sync_nq;

  for (genvar c = 0; c < 8; c++) begin : g_data
    assign sw_data_o[c] = shift_q[c][7];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      old_q    <= '0;
      new_q    <= '0;
      frames_q <= '0;
      count_q  <= '0;
      settle_q <= '0;
      shift_q  <= '0;
      sync_nq  <= '1;
    end else begin
      if (settle_q != '0) settle_q <= settle_q - 1'b1;
      if (count_q != '0) count_q <= count_q - 1'b1;
      if (count_q == CountW'(High)) sync_nq <= '1;
      if (start_i) begin
        old_q    <= new_q;
        new_q    <= want;
        frames_q <= frames;
      end else if (load) begin
        frames_q <= frames_q & ~chosen;
        count_q  <= CountW'(Frame - 1);
        sync_nq  <= ~group;
        shift_q  <= frame(old_q, new_q, breaking, group);
        settle_q <= SettleW'(Frame - 1) + settle;
      end else begin
        for (int c = 0; c < 8; c++) shift_q[c] <= shift_q[c] << 1;
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
