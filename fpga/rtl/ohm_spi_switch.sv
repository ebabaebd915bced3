// Takes the lines from one pattern of switches to another, break before make: first, in group
// order, each group in which a switch opens gets what stays closed; then, in group order, each in
// which one closes gets the new pattern. A group with none to close has it after the first pass.
//
// A group's eight ADG1414 have a data line each and share clock and SYNC: 8 bits a frame, MSB
// first, data change as SCLK rises and are taken as it falls, the switches move as SYNC rises.
// Taken at clock T with n frames to send, the next change can be taken at
// T + 1 + n * SwitchFrameCycles, the clock after the last SYNC rose.
//
// The switches of a kind stand side by side in closed_t; only a frame has them in the chips' order.
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
  localparam int unsigned SettleW = $clog2(2 * Groups * Frame + ReadSettle + 1);

  typedef struct packed {
    logic [31:0] col_reset;
    logic [31:0] col_inhibit;
    logic [31:0] col_ground;
    logic [31:0] col_tia;
    logic [31:0] bl_ground;
    logic [31:0] bl_bus;
    logic [31:0] wl_ground;
    logic [31:0] wl_bus;
    logic [4:0]  bus;          // bl_set, bl_read, wl_set, wl_reset, wl_read from bit 0
  } closed_t;

  function automatic closed_t closed(ohm_carrier_pkg::mode_e mode, logic [31:0] wl, logic [31:0] bl,
                                     logic [31:0] col);
    closed_t c = '0;
    if (mode != ohm_carrier_pkg::ModeOff) begin
      c.wl_bus    = wl;
      c.wl_ground = ~wl;
      c.bl_bus    = mode == ohm_carrier_pkg::ModeReset ? '0 : bl;
      c.bl_ground = ~c.bl_bus;
    end
    unique case (mode)
      ohm_carrier_pkg::ModeRead: begin
        c.bus     = 5'b10010;
        c.col_tia = '1;
      end
      ohm_carrier_pkg::ModeSet: begin
        c.bus         = 5'b00101;
        c.col_ground  = col;
        c.col_inhibit = ~col;
      end
      ohm_carrier_pkg::ModeReset: begin
        c.bus        = 5'b01000;
        c.col_reset  = col;
        c.col_ground = ~col;
      end
      default: c.bus = '0;
    endcase
    return c;
  endfunction

  // Which groups have a switch in the set, in group_e order.
  function automatic logic [Groups-1:0] groups(closed_t c);
    logic [31:0] columns = c.col_reset | c.col_inhibit | c.col_ground | c.col_tia;
    return {
      columns[31:16] != '0,
      columns[15:0] != '0,
      (c.bl_ground | c.bl_bus) != '0,
      (c.wl_ground | c.wl_bus) != '0,
      c.bus != '0
    };
  endfunction

  // The switches of a group as carrier.toml numbers them: chip c, switch s is bit 8c + s.
  function automatic logic [63:0] frame(closed_t c, logic [Groups-1:0] group);
    logic [63:0] f = '0;
    if (group[ohm_carrier_pkg::GroupBus]) f[4:0] = c.bus;
    for (int i = 0; i < 32; i++) begin
      f[2*i+:2] = f[2*i+:2] |
          {c.wl_ground[i], c.wl_bus[i]} & {2{group[ohm_carrier_pkg::GroupWl]}} |
          {c.bl_ground[i], c.bl_bus[i]} & {2{group[ohm_carrier_pkg::GroupBl]}};
    end
    for (int j = 0; j < 16; j++) begin
      f[4*j+:4] = f[4*j+:4] |
          {c.col_reset[j], c.col_inhibit[j], c.col_ground[j], c.col_tia[j]} &
          {4{group[ohm_carrier_pkg::GroupColLo]}} |
          {c.col_reset[16+j], c.col_inhibit[16+j], c.col_ground[16+j], c.col_tia[16+j]} &
          {4{group[ohm_carrier_pkg::GroupColHi]}};
    end
    return f;
  endfunction

  function automatic logic [SettleW-1:0] settle_clocks(logic [2*Groups-1:0] frames, logic read);
    logic [SettleW-1:0] clocks = read ? SettleW'(ReadSettle) : SettleW'(SwitchSettle);
    for (int i = 0; i < int'(2 * Groups); i++) begin
      if (frames[i]) clocks = clocks + SettleW'(Frame);
    end
    return clocks;
  endfunction

  closed_t want, new_q;
  closed_t kept_q;  // what stays closed on the way to new_q
  logic [2*Groups-1:0] frames, frames_q, chosen;  // frames to send: breaks from bit 0, then makes
  logic breaking, load;
  logic [CountW-1:0] count_q;  // clocks until the next frame
  logic [SettleW-1:0] settle_q;  // clocks until settled
  logic [7:0][7:0] shift_q;
  logic [Groups-1:0] sync_nq;

  assign want       = closed(mode_i, wl_i, bl_i, col_i);
  assign frames     = {groups(want & ~new_q), groups(new_q & ~want)};
  assign chosen     = frames_q & (~frames_q + 1'b1);  // the lowest
  assign breaking   = chosen[Groups-1:0] != '0;
  assign load       = frames_q != '0 && count_q == '0;

  assign ready_o    = frames_q == '0 && count_q == '0;
  assign settled_o  = settle_q == '0;
  assign sw_sync_no = sync_nq;

  for (genvar c = 0; c < 8; c++) begin : g_data
    assign sw_data_o[c] = shift_q[c][7];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || safe_i) begin
      kept_q   <= '0;
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
        kept_q   <= new_q & want;
        new_q    <= want;
        frames_q <= frames;
        if (frames != '0) settle_q <= settle_clocks(frames, mode_i == ohm_carrier_pkg::ModeRead);
      end else if (load) begin
        frames_q <= frames_q & ~chosen;
        count_q  <= CountW'(Frame - 1);
        sync_nq  <= ~(chosen[Groups-1:0] | chosen[2*Groups-1:Groups]);
        if (breaking) shift_q <= frame(kept_q, chosen[Groups-1:0]);
        else shift_q <= frame(new_q, chosen[2*Groups-1:Groups]);
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
