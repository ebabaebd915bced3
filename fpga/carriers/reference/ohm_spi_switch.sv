// Takes the lines from one pattern of switches to another, break before make: first, in group
// order, each group in which a switch opens gets what stays closed; then, in group order, each in
// which one closes gets the new pattern. A group with none to close has it after the first pass.
// Groups that get the same bits get them together: those in which nothing stays closed, to off all and to or from READ
// the buses and the columns; and the columns of a READ, which are all at their amplifiers.
//
// A group's eight ADG1414 have a data line each and share clock and SYNC: 8 bits a frame, MSB
// first, data change as SCLK rises and are taken as it falls, the switches move as SYNC rises.
// Taken at clock T with n frames to send, the next change can be taken at
// T + 1 + n * SwitchFrameCycles, the clock after the last SYNC rose.
module ohm_spi_switch
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic rst_ni,
    input logic safe_i,  // all switches are being opened

    // lines as they are wanted
    input  logic                start_i,   // only while ready_o
    input  mode_e               mode_i,
    input  logic  [   Rows-1:0] wl_i,
    input  logic  [   Rows-1:0] bl_i,
    input  logic  [Columns-1:0] col_i,
    output logic                ready_o,
    output logic                settled_o,

    // chips
    output logic              sw_sclk_o,
    output logic [       7:0] sw_data_o,
    output logic [Groups-1:0] sw_sync_no
);

  localparam int unsigned Chips = 8;  // of a group
  localparam int unsigned Half = 8 * Chips / SwColumnStride;  // columns of a group
  // groups and columns that have switches
  localparam logic [Groups-1:0] HasSwitches = {Columns > Half, 4'b1111};
  localparam logic [2*Half-1:0] HasColumn = (2 * Half)'({Columns{1'b1}});
  localparam logic [Groups-1:0] ColumnGroups = 1 << GroupColLo | 1 << GroupColHi;
  localparam logic [Groups-1:0] ChangingGroups = ColumnGroups | 1 << GroupBus;
  localparam int unsigned Frame = SwitchFrameCycles;
  localparam int unsigned Bits = 8;
  localparam int unsigned High = Frame - Bits;  // clocks with SYNC high
  localparam int unsigned CountW = $clog2(Frame);
  localparam int unsigned SwitchSettle = SwitchSettleCycles;
  localparam int unsigned ReadSettle = SwitchSettle + TiaSettleCycles;
  localparam int unsigned SettleW = $clog2(Frame + ReadSettle);

  typedef logic [8*BusChips-1:0] bus_t;
  typedef struct packed {
    mode_e mode;
    bus_t bus;  // closed switches of the bus group
    logic [Rows-1:0] wl;
    logic [Rows-1:0] bl;  // all to ground in RESET
    logic [Columns-1:0] col;
  } lines_t;

  // The closed switch of each column of a group, one in every mode but off, by its number within the column.
  function automatic logic [SwColumnStride-1:0][Half-1:0] columns(mode_e mode,
                                                                  logic [Half-1:0] col);
    logic [Half-1:0] is_read, is_set, is_reset;
    is_read                  = {Half{mode == ModeRead}};
    is_set                   = {Half{mode == ModeSet}};
    is_reset                 = {Half{mode == ModeReset}};
    columns                  = '0;
    columns[SwColumnReset]   = col & is_reset;
    columns[SwColumnInhibit] = ~col & is_set;
    columns[SwColumnGround]  = (col & is_set) | (~col & is_reset);
    columns[SwColumnTia]     = is_read;
  endfunction

  // Closed switches of the bus group: the mode's, and in read, with no word line and a mask of rails, their monitors'.
  function automatic bus_t buses(mode_e mode, logic [Rows-1:0] wl, logic [Rows-1:0] bl,
                                 logic [Columns-1:0] col);
    buses = mode == ModeReset && bl == '0 ? SecondBus : ModeBus[mode];
    if (mode == ModeRead && wl == '0 && col >> Rails == '0)
      buses[SwBusMonitor+:Rails] = Rails'(col);
  endfunction

  // Columns that are grounded in SET or RESET: those of the mask in SET, the others in RESET.
  function automatic logic [Columns-1:0] grounded(mode_e mode, logic [Columns-1:0] col);
    return col ^ {Columns{mode == ModeReset}};
  endfunction

  // Groups in which a switch opens from one pattern to another, in group_e order. A row and a column
  // have one closed switch each, so that where one opens another closes.
  function automatic logic [Groups-1:0] opens(lines_t from, lines_t to);
    logic is_other, is_read;
    logic [Columns-1:0] ground_from, ground_to, col;
    logic [2*Half-1:0] wide;
    is_other    = from.mode != to.mode;
    is_read     = from.mode == ModeRead || to.mode == ModeRead;
    ground_from = grounded(from.mode, from.col);
    ground_to   = grounded(to.mode, to.col);
    // between SET and RESET, only what is grounded in both stays
    col         = is_other ? ~(ground_from & ground_to) : ground_from ^ ground_to;
    if (is_read) col = {Columns{is_other}};
    wide = (2 * Half)'(col);
    opens = {
      wide[2*Half-1:Half] != '0,
      wide[Half-1:0] != '0,
      from.bl != to.bl,
      from.wl != to.wl,
      (from.bus & ~to.bus) != '0
    };
    if (to.mode == ModeOff) opens = HasSwitches;
    if (from.mode == ModeOff) opens = '0;
  endfunction

  // The switches of a group that are closed in `to`, and, on the way to it, in `from` too, as carrier.toml numbers them.
  function automatic logic [63:0] frame(lines_t from, lines_t to, logic on_the_way,
                                        logic [Groups-1:0] group);
    logic [Rows-1:0] row, row_from;
    logic [2*Half-1:0] wide, wide_from;
    logic [Half-1:0] col, col_from, has;
    logic [SwColumnStride-1:0][Half-1:0] closed;
    logic is_wl, is_row, is_lo, is_col;
    is_wl = group[GroupWl];
    is_row   = (is_wl || group[GroupBl]) && to.mode != ModeOff &&
        !(on_the_way && from.mode == ModeOff);
    is_lo = group[GroupColLo];
    is_col = is_lo || group[GroupColHi];
    row = is_wl ? to.wl : to.bl;
    row_from = is_wl ? from.wl : from.bl;
    wide = (2 * Half)'(to.col);
    wide_from = (2 * Half)'(from.col);
    col = is_lo ? wide[Half-1:0] : wide[2*Half-1:Half];
    col_from = is_lo ? wide_from[Half-1:0] : wide_from[2*Half-1:Half];
    has = is_lo ? HasColumn[Half-1:0] : HasColumn[2*Half-1:Half];
    closed = columns(to.mode, col) & (columns(from.mode, col_from) | {$bits(closed) {!on_the_way}});
    frame = '0;
    for (int unsigned i = 0; i < Rows; i++) begin
      frame[SwRowStride*i+SwRowBus]    = is_row & row[i] & (row_from[i] | !on_the_way);
      frame[SwRowStride*i+SwRowGround] = is_row & !row[i] & !(row_from[i] & on_the_way);
    end
    for (int unsigned j = 0; j < Half; j++) begin
      for (int unsigned k = 0; k < SwColumnStride; k++) begin
        frame[SwColumnStride*j+k] = frame[SwColumnStride*j+k] | (closed[k][j] & has[j] & is_col);
      end
    end
    if (group[GroupBus]) begin
      frame[$bits(bus_t)-1:0] = to.bus & (from.bus | {$bits(bus_t) {!on_the_way}});
    end
  endfunction

  // Groups in which nothing stays closed.
  function automatic logic [Groups-1:0] clears(mode_e from, mode_e to);
    logic is_read;
    is_read = from == ModeRead || to == ModeRead;
    clears  = from != to && is_read ? ChangingGroups : '0;
    if (to == ModeOff) clears = '1;
  endfunction

  // Groups that all get the same when they close.
  function automatic logic [Groups-1:0] alike(mode_e mode);
    return mode == ModeRead && Columns == 2 * Half ? ColumnGroups : '0;
  endfunction

  lines_t want, old_q, new_q;
  logic [Groups-1:0] breaks, makes, group;
  logic [2*Groups-1:0]
      frames, frames_q, first, together_q, chosen;  // breaks from bit 0, then makes
  logic breaking, load;
  logic [CountW-1:0] count_q;  // clocks until the next frame
  logic [SettleW-1:0] settle, settle_q;  // clocks until settled, if no frame is to be sent
  logic [Chips-1:0][7:0] shift_q;
  logic [Groups-1:0] sync_nq;

  always_comb begin
    want = '{
        mode: mode_i,
        bus: buses(mode_i, wl_i, bl_i, col_i),
        wl: wl_i,
        bl: bl_i,
        col: col_i
    };
    if (mode_i == ModeReset) want.bl = '0;
  end

  assign breaks   = opens(new_q, want);
  assign makes    = opens(want, new_q);
  assign frames   = {makes, breaks};
  assign first    = frames_q & (~frames_q + 1'b1);  // the lowest
  assign breaking = first[Groups-1:0] != '0;
  always_comb begin
    chosen = first;
    if (breaking && (first & together_q) != '0)
      chosen[Groups-1:0] = frames_q[Groups-1:0] & together_q[Groups-1:0];
    if (!breaking && (first & together_q) != '0)
      chosen[2*Groups-1:Groups] = frames_q[2*Groups-1:Groups] & together_q[2*Groups-1:Groups];
  end
  assign group      = chosen[Groups-1:0] | chosen[2*Groups-1:Groups];
  assign load       = frames_q != '0 && count_q == '0;

  assign settle     = SettleW'(new_q.mode == ModeRead ? ReadSettle : SwitchSettle);

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
      together_q <= '0;
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
        together_q <= {alike(mode_i), clears(new_q.mode, mode_i)};
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
