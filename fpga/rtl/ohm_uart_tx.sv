// UART transmitter, 8N1. The next byte is taken in the last clock of the stop bit, so that bytes follow each
// other without an idle clock: a transmitter that needs one is slower than the receiver at the other end.

module ohm_uart_tx (
    input logic clk_i,
    input logic rst_ni,

    input logic [11:0] div_i,  // clocks a bit

    input  logic       valid_i,
    output logic       ready_o,
    input  logic [7:0] data_i,

    output logic tx_o,
    output logic idle_o  // nothing on the wire
);
  logic [11:0] timer_q;
  logic [ 3:0] bits_q;
  logic [ 8:0] shift_q;
  logic tick, last;

  assign tick    = timer_q == 12'd1;
  assign idle_o  = bits_q == '0;
  assign last    = bits_q == 4'd1 && tick;
  assign ready_o = idle_o || last;
  assign tx_o    = shift_q[0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      timer_q <= 12'd1;
      bits_q  <= '0;
      shift_q <= '1;
    end else if (ready_o) begin
      timer_q <= div_i;
      bits_q  <= valid_i ? 4'd10 : 4'd0;
      shift_q <= valid_i ? {data_i, 1'b0} : '1;
    end else if (tick) begin
      timer_q <= div_i;
      bits_q  <= bits_q - 4'd1;
      shift_q <= {1'b1, shift_q[8:1]};
    end else begin
      timer_q <= timer_q - 12'd1;
    end
  end
endmodule
