// May this frame from the host be executed? The answer is of the clock before, but for running_i and consumer_i. Length before address before state, so that the error
// names what is wrong with the frame itself first. The number of vectors of a read stands in its payload: it is
// checked a second time when that has come.

module ohm_frame_check (
    input logic        clk_i,
    input logic [ 7:0] type_i,
    input logic [15:0] arg_i,
    input logic [ 8:0] length_i,     // of the payload
    input logic        has_count_i,  // count_i is there
    input logic [15:0] count_i,      // of a read
    input logic        running_i,
    input logic        consumer_i,

    output logic                       is_error_o,
    output ohm_link_pkg::error_e       error_o,
    output logic                 [3:0] item_bytes_o  // bytes that are acted upon together
);
  import ohm_link_pkg::*;

  localparam logic [8:0] VectorBytes = 9'd128;
  localparam logic [16:0] ProgramEnd = 17'(ohm_isa_pkg::ProgramWords);
  localparam logic [16:0] MemoryEnd = 17'(ohm_isa_pkg::MemoryVectors);
  localparam logic [16:0] RegisterEnd = 17'(ohm_guard_pkg::RegMaxRead) + 17'd1;

  logic is_known, is_length_bad;
  logic [15:0] extent;  // words, vectors or registers that the frame reaches from arg on
  logic [16:0] limit;
  run_arg_t run_arg;
  logic [15:0] address;
  assign run_arg = run_arg_t'(arg_i[13:0]);

  always_comb begin
    is_known      = 1'b1;
    is_length_bad = 1'b0;
    extent        = 16'd1;
    limit         = MemoryEnd;
    item_bytes_o  = 4'd4;
    address       = arg_i;
    unique case (type_i)
      FrameProgram: begin
        is_length_bad = length_i == '0 || length_i[1:0] != '0;
        extent        = 16'(length_i >> 2);
        limit         = ProgramEnd;
      end
      FrameImage: begin
        is_length_bad = !(length_i inside {VectorBytes, 2 * VectorBytes});
        extent        = 16'(length_i / VectorBytes);
        item_bytes_o  = 4'd8;
      end
      FrameRead: begin
        is_length_bad = length_i != 9'd2 || (has_count_i && count_i == '0);
        if (has_count_i) extent = count_i;
        item_bytes_o = 4'd2;
      end
      FrameRun: begin
        is_length_bad = length_i > 9'd32 || length_i[0];
        // else the size, which is none, makes it an address outside
        if (run_arg.result_bytes inside {2'd2, 2'd3}) address[13:0] = {2'd0, run_arg.entry};
        limit        = ProgramEnd;
        item_bytes_o = 4'd2;
      end
      FrameVector: begin
        // arg is the size of an element, not an address; a vector has four times as many bytes
        unique case (arg_i)
          16'd1:   is_length_bad = length_i[1:0] != '0;
          16'd2:   is_length_bad = length_i[2:0] != '0;
          16'd4:   is_length_bad = length_i[3:0] != '0;
          16'd8:   is_length_bad = length_i[4:0] != '0;
          16'd16:  is_length_bad = length_i[5:0] != '0;
          default: is_length_bad = 1'b1;
        endcase
        if (length_i == '0) is_length_bad = 1'b1;
        item_bytes_o = arg_i[4] ? 4'd4 : arg_i[3] ? 4'd2 : 4'd1;
      end
      FrameRegister: begin
        is_length_bad = length_i != 9'd4;
        limit         = RegisterEnd;
      end
      default: is_known = 1'b0;
    endcase
  end

  logic [16:0] end_q;
  always_ff @(posedge clk_i) end_q <= {1'b0, address} + {1'b0, extent};

  always_comb begin
    is_error_o = 1'b1;
    error_o    = ErrorBadType;
    if (is_known) begin
      if (is_length_bad) error_o = ErrorBadLength;
      else if (end_q > limit) error_o = ErrorBadAddress;
      else if (type_i == FrameProgram && running_i) error_o = ErrorBusy;
      else if (type_i == FrameVector && !consumer_i) error_o = ErrorNoConsumer;
      else is_error_o = 1'b0;
    end
  end
endmodule
