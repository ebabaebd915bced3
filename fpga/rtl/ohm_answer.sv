// Answers to frames from the host: `error`, or vectors of the memory as `data` frames of at most two.

module ohm_answer (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,  // hello: drop all, a frame in the middle too
    input logic abort_i,  // finish the frame that is being sent and no other

    // for one clock while busy_o is low; the frame's fields as it came
    input  logic                        error_valid_i,
    input  ohm_link_pkg::error_e        error_i,
    input  logic                 [ 7:0] type_i,
    input  logic                 [ 7:0] seq_i,
    input  logic                 [15:0] arg_i,          // first vector of a read
    input  logic                        read_valid_i,
    input  logic                 [ 8:0] count_i,        // vectors, 1 or more
    output logic                        busy_o,

    output logic        mem_en_o,
    output logic [11:0] mem_addr_o,
    input  logic [63:0] mem_rdata_i,

    output logic       tx_valid_o,
    input  logic       tx_ready_i,
    output logic [7:0] tx_data_o,
    output logic       tx_last_o
);
  import ohm_link_pkg::*;

  typedef enum logic [2:0] {
    StIdle,
    StError,
    StHead,   // of a data frame
    StFetch,
    StLoad,
    StBeat
  } state_e;

  state_e state_q;
  logic [63:0] shift_q;  // the bytes to be sent next: an error frame or a beat of two lanes
  logic [2:0] byte_q;
  logic [4:0] beat_q;  // in the frame
  logic [8:0] left_q;  // vectors
  logic [7:0] vector_q;  // first of the frame
  logic fire, is_last_byte, is_last_beat, stop_q;

  assign fire         = tx_valid_o && tx_ready_i;
  assign is_last_byte = byte_q == (state_q == StHead ? 3'd3 : 3'd7);
  assign is_last_beat = beat_q == (left_q == 9'd1 ? 5'd15 : 5'd31);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      state_q <= StIdle;
      byte_q  <= '0;
      stop_q  <= 1'b0;
    end else begin
      stop_q <= state_q != StIdle && (stop_q || abort_i);
      if (fire) byte_q <= is_last_byte ? '0 : byte_q + 3'd1;
      if (fire) shift_q <= shift_q >> 8;
      unique case (state_q)
        StIdle: begin
          shift_q  <= {arg_i, seq_i, type_i, 8'h0, error_i, 8'h0, FrameError};
          vector_q <= arg_i[7:0];
          left_q   <= count_i;
          if (error_valid_i) state_q <= StError;
          else if (read_valid_i) state_q <= StHead;
        end
        StError: if (fire && is_last_byte) state_q <= StIdle;
        StHead: begin
          beat_q <= '0;
          if (fire && is_last_byte) state_q <= StFetch;
        end
        StFetch: state_q <= StLoad;
        StLoad: begin
          shift_q <= mem_rdata_i;
          state_q <= StBeat;
        end
        StBeat:
        if (fire && is_last_byte) begin
          beat_q  <= beat_q + 5'd1;
          state_q <= StFetch;
          if (is_last_beat) begin
            left_q   <= left_q - 9'd2;
            vector_q <= vector_q + 8'd2;
            state_q  <= left_q <= 9'd2 || stop_q || abort_i ? StIdle : StHead;
          end
        end
        default: state_q <= StIdle;
      endcase
    end
  end

  assign busy_o     = state_q != StIdle;
  assign mem_en_o   = state_q == StFetch;
  assign mem_addr_o = {vector_q + 8'(beat_q[4]), beat_q[3:0]};
  assign tx_valid_o = state_q inside {StError, StHead, StBeat};
  assign tx_last_o  = is_last_byte && (state_q == StError || (state_q == StBeat && is_last_beat));
  always_comb begin
    tx_data_o = shift_q[7:0];
    if (state_q == StHead) begin
      unique case (byte_q[1:0])
        2'd0: tx_data_o = FrameData;
        2'd2: tx_data_o = vector_q;
        default: tx_data_o = '0;
      endcase
    end
  end
endmodule
