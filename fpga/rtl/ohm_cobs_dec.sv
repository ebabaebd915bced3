// COBS decoder (Cheshire and Baker, IEEE/ACM ToN 7(2), 1999), a byte a clock without back-pressure.
// A byte comes out, or not, in the clock in which one goes in. Delimiters with nothing between them are
// idle line and give no end_o.

module ohm_cobs_dec (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i, // drop what has come of a frame

    input logic       valid_i,
    input logic [7:0] data_i,

    output logic       valid_o,
    output logic [7:0] data_o,
    output logic       end_o,    // a delimiter came
    output logic       bad_o     // with end_o: inside a block
);
  logic [7:0] left_q;  // bytes to come in this block
  logic zero_due_q;  // a zero stands between this block and the next
  logic active_q;
  logic is_delimiter, is_code;

  assign is_delimiter = data_i == '0;
  assign is_code      = left_q == '0;
  assign valid_o      = valid_i && !is_delimiter && (!is_code || zero_due_q);
  assign data_o       = is_code ? '0 : data_i;
  assign end_o        = valid_i && is_delimiter && active_q;
  assign bad_o        = !is_code;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      left_q     <= '0;
      zero_due_q <= 1'b0;
      active_q   <= 1'b0;
    end else if (valid_i) begin
      active_q <= !is_delimiter;
      if (is_delimiter) begin
        left_q     <= '0;
        zero_due_q <= 1'b0;
      end else if (is_code) begin
        left_q     <= data_i - 8'd1;
        zero_due_q <= data_i != 8'hff;
      end else begin
        left_q <= left_q - 8'd1;
      end
    end
  end
endmodule
