// What a waveform shows of the carrier and of one cell that no pin does: volts of the rails, of the cell's three lines,
// its conductance and current. Which cell, and when, is wave_window's. Only in builds with OHM_WAVES.
// Voltages are what switches, DACs and enables say at once: the array model knows no edges. cell_ua is conductance times
// voltage; the model's own current bends a little with voltage. The model moves a cell when its pulse ends.
module wave_probe
  import ohm_carrier_pkg::*;
(
    input logic clk_i,
    input logic [63:0] now_i,
    input logic armed_i,
    input logic set_en_i,
    input logic reset_en_i,
    input logic adc_cnv_ni,
    input logic [Rails-1:0][15:0] code_i,
    input logic [Groups-1:0][63:0] closed_i,
    input shortint codes_i[Columns]
);

  import "DPI-C" function real ohm_dpi_usiemens(
    input int row,
    input int column,
    input longint unsigned now
  );

  localparam int unsigned Half = 64 / SwColumnStride;  // columns of a group

  int cell_row, cell_column;
  logic [15:0] cell_pulses;
  logic cell_pulsed, asks;
  wave_window u_window (
      .clk_i,
      .armed_i,
      .cell_pulsed_i(cell_pulsed),
      .adc_cnv_ni,
      .cell_row_o(cell_row),
      .cell_column_o(cell_column),
      .cell_pulses_o(cell_pulses),
      .asks_o(asks)
  );

  function automatic real volts(rail_e rail);
    return real'(code_i[rail]) * parts_pkg::DacFullScaleV / 65536.0;
  endfunction

  real bl_set_v, sl_reset_v, sl_inhibit_v, bl_read_v, wl_set_v, wl_reset_v, wl_read_v, cal_v;
  assign bl_set_v = volts(RailBlSet);
  assign sl_reset_v = volts(RailSlReset);
  assign sl_inhibit_v = volts(RailSlInhibit);
  assign bl_read_v = volts(RailBlRead);
  assign wl_set_v = volts(RailWlSet);
  assign wl_reset_v = volts(RailWlReset);
  assign wl_read_v = volts(RailWlRead);
  assign cal_v = volts(RailCal);

  // the cell's lines
  logic [63:0] bus, columns;
  logic [5:0] row_switch, column_switch;
  logic wl_on, bl_on, at_ground, at_inhibit, at_reset;
  assign bus = closed_i[GroupBus];
  assign columns = cell_column < int'(Half) ? closed_i[GroupColLo] : closed_i[GroupColHi];
  assign row_switch = 6'(SwRowStride * cell_row);
  assign column_switch = 6'(SwColumnStride * (cell_column % int'(Half)));
  assign wl_on = closed_i[GroupWl][row_switch+6'(SwRowBus)];
  assign bl_on = closed_i[GroupBl][row_switch+6'(SwRowBus)];
  assign at_ground = columns[column_switch+6'(SwColumnGround)];
  assign at_inhibit = columns[column_switch+6'(SwColumnInhibit)];
  assign at_reset = columns[column_switch+6'(SwColumnReset)];

  real cell_wl_v, cell_bl_v, cell_sl_v, cell_v, cell_ua;
  always_comb begin
    cell_wl_v = 0.0;
    cell_bl_v = 0.0;
    cell_sl_v = 0.0;
    if (wl_on && bus[SwBusWlSet]) cell_wl_v = wl_set_v;
    if (wl_on && bus[SwBusWlReset]) cell_wl_v = wl_reset_v;
    if (wl_on && bus[SwBusWlRead]) cell_wl_v = wl_read_v;
    if (bl_on && bus[SwBusBlSet] && set_en_i) cell_bl_v = bl_set_v;
    if (bl_on && bus[SwBusBlRead]) cell_bl_v = bl_read_v;
    if (at_inhibit && set_en_i) cell_sl_v = sl_inhibit_v;
    if (at_reset && reset_en_i) cell_sl_v = bus[SwBusSlInhibit] ? sl_inhibit_v : sl_reset_v;
    cell_v = wl_on ? cell_bl_v - cell_sl_v : 0.0;  // with its transistor off it sees nothing
  end
  assign cell_ua = cell_usiemens * cell_v;

  // the cell itself
  real cell_usiemens = 0.0;
  logic signed [15:0] cell_code = '0;  // of the last conversion, of its column
  assign cell_pulsed = wl_on && (set_en_i ? bl_on && at_ground : reset_en_i && at_reset);

  always_ff @(posedge clk_i) begin
    if (asks) begin
      cell_usiemens <= ohm_dpi_usiemens(cell_row, cell_column, now_i);
      cell_code <= codes_i[cell_column];
    end
  end

endmodule
