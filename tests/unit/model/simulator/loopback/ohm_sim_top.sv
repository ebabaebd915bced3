// Stands in for the bench in tests of the simulator: sends back each byte that it receives.
// After byte A5 it runs at 4 clocks a bit, after A6 at 417 again; EE makes it report an error of a chip model, ED
// breaks an assertion, and E1 fires a SET pulse at every cell of the array.
module ohm_sim_top (
    input  logic        clk_i,
    input  logic        rst_ni,
    input  logic [31:0] build_id_i,
    input  logic        uart_rx_i,
    output logic        uart_tx_o,
    input  logic        force_overcurrent_i,
    output logic        running_o,
    output logic        armed_o,
    output logic        array_on_o,
    output logic        idle_o,
    output logic [31:0] error_o,
    output logic [63:0] run_cycles_o
);
  import "DPI-C" function void ohm_dpi_pulse(
    input int mode,
    input int unsigned wl,
    input int unsigned col,
    input int line_code,
    input int inhibit_code,
    input int wl_code,
    input int width_clocks,
    input longint unsigned now
  );

  localparam logic [15:0] SlowBit = 16'd417;

  logic [15:0] bit_q, rx_left_q, tx_left_q;
  logic [3:0] rx_bit_q, tx_bit_q;
  logic [1:0] rx_sync_q;
  logic rx_busy_q, tx_busy_q, got_q;
  logic [7:0] got_byte_q, sent_q;
  logic [9:0] tx_shift_q;
  logic [7:0] fifo[4096];
  logic [12:0] head_q, tail_q;
  logic [15:0] bit_n;
  logic tx_last;

  assign tx_last = tx_busy_q && tx_left_q == 0 && tx_bit_q == 9;
  assign uart_tx_o = !tx_busy_q || tx_shift_q[0];
  assign running_o = 1'b0;
  assign armed_o = 1'b0;
  assign array_on_o = 1'b0;
  assign idle_o = head_q == tail_q && !tx_busy_q && !rx_busy_q && !got_q;

  always_comb begin
    bit_n = bit_q;
    if (tx_last && sent_q == 8'hA5) bit_n = 16'd4;
    if (tx_last && sent_q == 8'hA6) bit_n = SlowBit;
  end

  always_ff @(posedge clk_i) begin
    rx_sync_q <= {rx_sync_q[0], uart_rx_i};
    got_q <= 1'b0;
    run_cycles_o <= run_cycles_o + 1;
    if (rx_busy_q && rx_left_q != 0) rx_left_q <= rx_left_q - 1;
    else if (rx_busy_q) begin
      rx_left_q <= bit_q - 1;
      rx_bit_q <= rx_bit_q + 1;
      got_byte_q <= rx_bit_q == 8 ? got_byte_q : {rx_sync_q[1], got_byte_q[7:1]};
      got_q <= rx_bit_q == 8 && rx_sync_q[1];
      rx_busy_q <= rx_bit_q != 8;
    end else if (!rx_sync_q[1]) begin
      rx_busy_q <= 1'b1;
      rx_bit_q  <= 0;
      rx_left_q <= bit_q + (bit_q >> 1) - 2;
    end

    if (got_q) begin
      fifo[head_q[11:0]] <= got_byte_q;
      head_q <= head_q + 1;
      if (got_byte_q == 8'hE1)
        ohm_dpi_pulse(2, 32'hFFFF_FFFF, 32'hFFFF_FFFF, 26214, 0, 26214, 48, run_cycles_o);
      if (got_byte_q == 8'hEE) begin
        $display("loopback: EE received");
        error_o <= 32'd7;
      end
    end

    bit_q <= bit_n;
    if (tx_busy_q && tx_left_q != 0) tx_left_q <= tx_left_q - 1;
    else if (tx_busy_q && !tx_last) begin
      tx_left_q  <= bit_q - 1;
      tx_bit_q   <= tx_bit_q + 1;
      tx_shift_q <= {1'b1, tx_shift_q[9:1]};
    end else begin
      tx_busy_q <= head_q != tail_q;
      if (head_q != tail_q) begin
        tail_q <= tail_q + 1;
        tx_left_q <= bit_n - 1;
        tx_bit_q <= 0;
        tx_shift_q <= {1'b1, fifo[tail_q[11:0]], 1'b0};
        sent_q <= fifo[tail_q[11:0]];
      end
    end

    if (!rst_ni) begin
      bit_q <= SlowBit;
      {rx_busy_q, tx_busy_q, got_q} <= '0;
      rx_sync_q <= '1;
      {head_q, tail_q, run_cycles_o, error_o} <= '0;
    end
  end

  NeverED_A :
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(got_q && got_byte_q == 8'hED))
  else $error("%m");
endmodule
