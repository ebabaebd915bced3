// UART receiver, 8N1, sampling in the middle of a bit. It looks for the next start bit from the middle of the
// stop bit on, so that bytes may follow each other without a gap at 4 clocks a bit.
// A byte whose stop bit is low is not delivered (error_o). A break is a line that is low for more than 20 bit
// times, two characters.

module ohm_uart_rx (
    input logic clk_i,
    input logic rst_ni,

    input logic [11:0] div_i,  // clocks a bit, 4 or more
    input logic        rx_i,   // asynchronous

    output logic       valid_o,  // for one clock
    output logic [7:0] data_o,
    output logic       error_o,  // for one clock: a byte was lost
    output logic       break_o   // for one clock, once a break
);
  localparam logic [4:0] BreakBits = 5'd20;

  typedef enum logic [2:0] {
    StIdle,
    StStart,
    StData,
    StStop,
    StLow     // after a bad stop bit: until the line is high again
  } state_e;

  state_e state_q;
  logic [1:0] sync_q;
  logic [11:0] timer_q;
  logic [4:0] bits_q;
  logic rx, tick;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) sync_q <= '1;
    else sync_q <= {sync_q[0], rx_i};
  end
  assign rx   = sync_q[1];
  assign tick = timer_q == 12'd1;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= StIdle;
      timer_q <= 12'd1;
      bits_q  <= '0;
      data_o  <= '0;
      valid_o <= 1'b0;
      error_o <= 1'b0;
      break_o <= 1'b0;
    end else begin
      valid_o <= 1'b0;
      error_o <= 1'b0;
      break_o <= 1'b0;
      timer_q <= tick ? div_i : timer_q - 12'd1;
      unique case (state_q)
        StIdle: begin
          timer_q <= div_i >> 1;
          bits_q  <= '0;
          if (!rx) state_q <= StStart;
        end
        StStart: if (tick) state_q <= rx ? StIdle : StData;
        StData:
        if (tick) begin
          data_o <= {rx, data_o[7:1]};
          bits_q <= bits_q + 5'd1;
          if (bits_q == 5'd7) state_q <= StStop;
        end
        StStop:
        if (tick) begin
          valid_o <= rx;
          error_o <= !rx;
          bits_q  <= data_o == '0 ? 5'd10 : 5'd1;
          state_q <= rx ? StIdle : StLow;
        end
        StLow: begin
          if (rx) begin
            state_q <= StIdle;
          end else if (tick && bits_q <= BreakBits) begin
            bits_q  <= bits_q + 5'd1;
            break_o <= bits_q == BreakBits;
          end
        end
        default: state_q <= StIdle;
      endcase
    end
  end
endmodule
