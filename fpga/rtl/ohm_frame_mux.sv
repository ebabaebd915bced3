// Two streams of frames into one, whole frames at a time; the first goes before the second.

module ohm_frame_mux (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i, // forget a frame that is cut short

    input  logic       first_valid_i,
    output logic       first_ready_o,
    input  logic [7:0] first_data_i,
    input  logic       first_last_i,

    input  logic       second_valid_i,
    output logic       second_ready_o,
    input  logic [7:0] second_data_i,
    input  logic       second_last_i,

    output logic       valid_o,
    input  logic       ready_i,
    output logic [7:0] data_o,
    output logic       last_o
);
  logic busy_q, second_q;

  assign valid_o        = busy_q && (second_q ? second_valid_i : first_valid_i);
  assign data_o         = second_q ? second_data_i : first_data_i;
  assign last_o         = second_q ? second_last_i : first_last_i;
  assign first_ready_o  = busy_q && !second_q && ready_i;
  assign second_ready_o = busy_q && second_q && ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      busy_q   <= 1'b0;
      second_q <= 1'b0;
    end else if (!busy_q) begin
      busy_q   <= first_valid_i || second_valid_i;
      second_q <= !first_valid_i;
    end else if (valid_o && ready_i && last_o) begin
      busy_q <= 1'b0;
    end
  end
endmodule
