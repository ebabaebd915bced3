// Unnumbered answers of the link: info, state, nak and ack, in this order of precedence. Requests for the same
// answer that come while one waits become one answer; the numbers in it are those of the moment it starts.

module ohm_link_reply #(
    parameter logic [7:0] Slots = '0  // credits of an empty receiver
) (
    input logic clk_i,
    input logic rst_ni,
    input logic [31:0] build_id_i,
    input logic hold_i,  // start nothing but an acknowledgement

    input logic info_i,  // for one clock
    input logic info_hold_i,  // a numbered frame of the session before is still on its way
    input logic state_i,  // for one clock
    input ohm_link_state_pkg::state_t counters_i,

    input  logic       ack_i,       // until ack_sent_o
    input  logic       nak_i,       // until ack_sent_o
    output logic       ack_sent_o,
    input  logic [7:0] expected_i,
    input  logic [7:0] credits_i,

    output logic       valid_o,
    input  logic       ready_i,
    output logic [7:0] data_o,
    output logic       last_o
);
  import ohm_link_pkg::*;

  localparam logic [5:0] LastAck = 6'd3;
  localparam logic [5:0] LastInfo = 6'd29;
  localparam logic [5:0] LastState = 6'd51;

  frame_e kind_q, kind_d;
  logic busy_q, start, info_q, state_q;
  logic [5:0] index_q, next_index, last_index;
  logic [7:0] expected_q, credits_q, data_q, data_d;
  ohm_link_state_pkg::state_t counters_q;

  // the same until the next reset, so that a host that comes back knows whether it finds what it left; with
  // the count of hellos, which tells this answer from one that was still on its way
  logic [15:0] clock_q, boot_q, hellos_q;

  always_comb begin
    start      = !busy_q;
    ack_sent_o = 1'b0;
    kind_d     = FrameAck;
    if (info_q && !hold_i && !info_hold_i) begin
      kind_d = FrameInfo;
    end else if (state_q && !hold_i) begin
      kind_d = FrameState;
    end else if (nak_i || ack_i) begin
      kind_d     = nak_i ? FrameNak : FrameAck;
      ack_sent_o = start;
    end else begin
      start = 1'b0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      busy_q   <= 1'b0;
      index_q  <= '0;
      kind_q   <= FrameAck;
      info_q   <= 1'b0;
      state_q  <= 1'b0;
      clock_q  <= '0;
      boot_q   <= '0;
      hellos_q <= '0;
    end else begin
      clock_q <= clock_q + 16'd1;
      info_q  <= info_i || (info_q && !(start && kind_d == FrameInfo));
      state_q <= state_i || (state_q && !(start && kind_d == FrameState));
      if (info_i) begin
        hellos_q <= hellos_q + 16'd1;
        if (hellos_q == '0) boot_q <= clock_q;
      end
      if (start) begin
        busy_q  <= 1'b1;
        kind_q  <= kind_d;
        index_q <= '0;
      end else if (valid_o && ready_i) begin
        index_q <= index_q + 6'd1;
        busy_q  <= !last_o;
      end
    end
    // a byte is chosen a clock before it is offered: the encoder looks at it
    if (start) data_q <= kind_d;
    else if (ready_i) data_q <= data_d;
    // taken at once, since the counters run while their bytes go out
    if (start) begin
      counters_q <= counters_i;
      expected_q <= expected_i;
      credits_q  <= credits_i;
    end
  end

  logic [63:0][7:0] state_bytes;
  logic [31:0][7:0] info_bytes;
  logic [3:0][7:0] ack_bytes;
  state_arg_t state_arg;
  assign state_arg = '{
          fault_code: counters_q.fault_code,
          fault: counters_q.fault,
          armed: counters_q.armed,
          running: counters_q.running,
          default: '0
      };
  assign state_bytes = {
    96'h0,
    counters_q.read_wait_cycles,
    counters_q.read_cycles,
    counters_q.reads,
    counters_q.busy_cycles,
    counters_q.pulses,
    counters_q.clock_cycles,
    counters_q.run_cycles,
    state_arg,
    8'h0,
    FrameState
  };
  assign info_bytes = {
    16'h0,
    8'(ohm_carrier_pkg::OneCell ? 1 : ohm_carrier_pkg::Columns),
    8'(ohm_carrier_pkg::CarrierNumber),
    boot_q,
    hellos_q,
    16'(ohm_isa_pkg::ProgramWords),
    16'(ohm_isa_pkg::MemoryVectors),
    Slots,
    ArrayType,
    8'(ohm_carrier_pkg::Columns),
    8'(ohm_carrier_pkg::Rows),
    32'(ohm_carrier_pkg::ClockHz),
    build_id_i,
    Magic,
    16'(ProtocolVersion),
    8'h0,
    FrameInfo
  };
  assign ack_bytes = {8'h0, credits_q, expected_q, kind_q};

  always_comb begin
    unique case (kind_q)
      FrameInfo: begin
        data_d     = info_bytes[next_index[4:0]];
        last_index = LastInfo;
      end
      FrameState: begin
        data_d     = state_bytes[next_index];
        last_index = LastState;
      end
      default: begin
        data_d     = ack_bytes[next_index[1:0]];
        last_index = LastAck;
      end
    endcase
  end

  assign next_index = index_q + 6'd1;
  assign valid_o = busy_q;
  assign data_o = data_q;
  assign last_o = index_q == last_index;
endmodule
