// The switches' driver, as any one chip of the carrier sees it at its pins, beside the chip of the buses.

`include "ohm_assert.svh"

module ohm_spi_switch_check
  import ohm_carrier_pkg::*;
(
    input logic               clk_i,
    input logic               rst_ni,
    input logic               safe_i,
    input logic               start_i,
    input mode_e              mode_i,
    input logic  [      31:0] wl_i,
    input logic  [      31:0] bl_i,
    input logic  [      31:0] col_i,
    input logic               ready_o,
    input logic               sw_sclk_o,
    input logic  [       7:0] sw_data_o,
    input logic  [Groups-1:0] sw_sync_no,

    input logic [         3:0]      count_q,
    input logic [2*Groups-1:0]      frames_q,
    input logic                     load,
    input logic                     breaking,
    input logic [         7:0][7:0] shift_q,
    input logic [2*Groups-1:0]      together_q,
    input logic [       113:0]      old_q,
    input logic [       113:0]      new_q
);
  logic [2:0] group, chip;  // any
  ohm_symbol #(
      .Width(6)
  ) u_chip (
      .clk_i,
      .rst_ni,
      .value_o({group, chip})
  );

`ifdef FORMAL
  logic first_q = 1'b1;
  always_ff @(posedge clk_i) begin
    first_q <= 1'b0;
    if (rst_ni) assume (32'(group) < Groups);
    if (rst_ni && start_i) assume (ready_o);
`ifdef SEARCH
    // one change of lines after the other, of a few lines
    assume (!safe_i);
    assume (rst_ni || first_q);
    if (rst_ni) assume (start_i == ready_o && chip == '0);
    assume (wl_i inside {32'd1, 32'd2} && bl_i inside {32'd0, 32'd1, 32'd2});
    assume (col_i[31:2] == {30{col_i[2]}});
`endif
  end
`endif

  // what was asked for, and before that
  logic [97:0] from_q, to_q;
  logic off;
  assign off = !rst_ni || safe_i;
  always_ff @(posedge clk_i) begin
    if (off) begin
      from_q <= '0;
      to_q   <= '0;
    end else if (start_i) begin
      from_q <= to_q;
      to_q   <= {mode_i, wl_i, bl_i, col_i};
    end
  end

  // Lines as the driver keeps them: with the switches of the chips of the buses. On purpose which of these a mode closes
  // is written out, not taken from the table: one that connects another rail is not proved.
  function automatic logic [8*BusChips+97:0] kept(logic [97:0] lines);
    mode_e mode;
    logic [31:0] wl, bl, col;
    logic [8*BusChips-1:0] bus;
    {mode, wl, bl, col} = lines;
    bus = '0;
    bus[SwBusBlRead] = mode == ModeRead;
    bus[SwBusWlRead] = mode == ModeRead;
    bus[SwBusBlSet] = mode == ModeSet;
    bus[SwBusWlSet] = mode == ModeSet;
    bus[SwBusWlReset] = mode == ModeReset;
    bus[SwBusSlReset] = mode == ModeReset && bl != '0;
    bus[SwBusSlInhibit] = mode == ModeReset && bl == '0;
    if (mode == ModeRead && wl == '0 && col[31:Rails] == '0)
      bus[SwBusMonitor+:Rails] = col[Rails-1:0];
    return {mode, bus, wl, mode == ModeReset ? '0 : bl, col};
  endfunction

  logic [7:0] closed, next, from, to, bus_closed, bus_next, bus_from, bus_to;
  logic moves, opened, single, bus_moves, bus_opened, bus_single;
  ohm_switch_view u_view (
      .clk_i,
      .rst_ni,
      .safe_i,
      .group_i(group),
      .chip_i(chip),
      .from_i(from_q),
      .to_i(to_q),
      .sclk_i(sw_sclk_o),
      .data_i(sw_data_o),
      .sync_ni(sw_sync_no),
      .count_i(count_q),
      .frames_i(frames_q),
      .load_i(load),
      .breaking_i(breaking),
      .shift_i(shift_q[chip]),
      .closed_o(closed),
      .next_o(next),
      .from_o(from),
      .to_o(to),
      .moves_o(moves),
      .opened_o(opened),
      .single_o(single)
  );
  ohm_switch_view u_bus (
      .clk_i,
      .rst_ni,
      .safe_i,
      .group_i(GroupBus),
      .chip_i(3'(SwBusBlSet / 8)),
      .from_i(from_q),
      .to_i(to_q),
      .sclk_i(sw_sclk_o),
      .data_i(sw_data_o),
      .sync_ni(sw_sync_no),
      .count_i(count_q),
      .frames_i(frames_q),
      .load_i(load),
      .breaking_i(breaking),
      .shift_i(shift_q[SwBusBlSet/8]),
      .closed_o(bus_closed),
      .next_o(bus_next),
      .from_o(bus_from),
      .to_o(bus_to),
      .moves_o(bus_moves),
      .opened_o(bus_opened),
      .single_o(bus_single)
  );

  logic is_column, bl_at_set, column_at_reset;
  logic [7:0] to_reset;  // a chip's switches to the RESET bus, if it has columns
  always_comb begin
    to_reset = '0;
    for (int unsigned k = 0; k < 8 / SwColumnStride; k++)
    to_reset[SwColumnStride*k+SwColumnReset] = 1'b1;
  end
  assign is_column       = group inside {GroupColLo, GroupColHi};
  assign bl_at_set       = bus_closed[SwBusBlSet%8];
  assign column_at_reset = is_column && (closed & to_reset) != '0;

  `OHM_ASSERT(OpensFirst_A, opened)
  `OHM_ASSERT(OneSource_A, single)
  `OHM_ASSERT(NeverBothBuses_A, !(bl_at_set && column_at_reset))
  `OHM_ASSERT(LinesAsAsked_A, !ready_o || off || closed == to)
  `OHM_COVER(Closes_C, moves && closed == to && from != '0 && to != '0 && from != to)
  `OHM_COVER(Asked_C, ready_o && closed == to && from != '0 && to != '0 && from != to)
  `OHM_COVER(SetAfterReset_C, bl_at_set && bus_moves && is_column && (from & to_reset) != '0)

  // ---- steps

  // groups that may have their frame together, from the modes alone
  logic [Groups-1:0] clears, alike;
  mode_e mode_from, mode_to;
  assign mode_from = mode_e'(from_q[97:96]);
  assign mode_to   = mode_e'(to_q[97:96]);
  always_comb begin
    clears = '0;
    if (mode_from != mode_to && (mode_from == ModeRead || mode_to == ModeRead)) clears = 5'b11001;
    if (mode_to == ModeOff) clears = '1;
    alike = mode_to == ModeRead ? 5'b11000 : '0;
  end

  logic [Groups-1:0] low;
  logic bus_first, bus_last;
  assign low       = ~sw_sync_no;
  assign bus_last  = frames_q[Groups-1:0] != '0 || (count_q != '0 && u_view.is_break_q);
  assign bus_first = frames_q[0] || frames_q[Groups] || low[GroupBus];

  `OHM_ASSERT(LemmaTold_A, old_q == kept(from_q) && new_q == kept(to_q))
  `OHM_ASSERT(LemmaTogether_A, frames_q == '0 || together_q == {alike, clears})
  `OHM_ASSERT(LemmaLow_A, count_q == '0 ? low == '0 : $onehot(low)
              || (low & ~(u_view.is_break_q ? clears : alike)) == '0)
  `OHM_ASSERT(LemmaOpening_A, u_view.is_break_q == u_bus.is_break_q || count_q == '0)
  `OHM_ASSERT(LemmaBusLast_A, !bus_last || (bus_next & ~bus_from) == '0)
  `OHM_ASSERT(LemmaBusFirst_A, !bus_first || (next & ~from) == '0 || group == GroupBus)
endmodule

bind ohm_spi_switch ohm_spi_switch_check u_check (.*);
