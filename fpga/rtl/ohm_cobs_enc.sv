// COBS encoder. The length of a block stands before it, so blocks are written to a ring and their length is
// filled in when they end; only whole blocks are read. 512 bytes hold the longest block (255) twice: one goes
// out while the next is made. The delimiter follows the last byte.

module ohm_cobs_enc (
    input logic clk_i,
    input logic rst_ni,

    input  logic       valid_i,
    output logic       ready_o,
    input  logic [7:0] data_i,
    input  logic       last_i,

    output logic       valid_o,
    input  logic       ready_i,
    output logic [7:0] data_o,

    output logic idle_o  // nothing inside
);
  localparam int unsigned Depth = 512;
  localparam int unsigned AddrW = $clog2(Depth);

  typedef enum logic [1:0] {
    StData,
    StFull,      // the block has 254 bytes: end it
    StLastCode,
    StDelimiter
  } state_e;

  state_e state_q, state_d;
  // the block that is being made: where its length goes, and the length so far
  logic [AddrW-1:0] code_ptr_q, code_ptr_d, read_ptr_q, write_ptr;
  logic [7:0] code_q, code_d;
  logic take, fire, fresh_q;

  logic we;
  logic [AddrW-1:0] waddr;
  logic [7:0] wdata;

  // three bytes: this one, the last length and the delimiter
  logic [AddrW-1:0] room;
  assign write_ptr = code_ptr_q + AddrW'(code_q);
  assign room      = read_ptr_q - write_ptr - AddrW'(1);
  assign ready_o   = state_q == StData && room >= AddrW'(3);
  assign take      = valid_i && ready_o;

  always_comb begin
    state_d    = state_q;
    code_ptr_d = code_ptr_q;
    code_d     = code_q;
    we         = 1'b0;
    waddr      = code_ptr_q;
    wdata      = code_q;
    unique case (state_q)
      StData:
      if (take) begin
        we = 1'b1;
        if (data_i == '0) begin
          code_ptr_d = write_ptr;
          code_d     = 8'd1;
        end else begin
          waddr  = write_ptr;
          wdata  = data_i;
          code_d = code_q + 8'd1;
        end
        if (last_i) state_d = StLastCode;
        else if (code_d == 8'hff) state_d = StFull;
      end
      StFull: begin
        we         = 1'b1;
        code_ptr_d = write_ptr;
        code_d     = 8'd1;
        state_d    = StData;
      end
      StLastCode: begin
        we      = 1'b1;
        state_d = StDelimiter;
      end
      StDelimiter: begin
        we         = 1'b1;
        waddr      = write_ptr;
        wdata      = '0;
        code_ptr_d = write_ptr + AddrW'(1);
        code_d     = 8'd1;
        state_d    = StData;
      end
      default: state_d = StData;
    endcase
  end

  assign fire    = valid_o && ready_i;
  assign valid_o = fresh_q;
  assign idle_o  = state_q == StData && code_q == 8'd1 && read_ptr_q == code_ptr_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q    <= StData;
      code_ptr_q <= '0;
      code_q     <= 8'd1;
      read_ptr_q <= '0;
      fresh_q    <= 1'b0;
    end else begin
      state_q    <= state_d;
      code_ptr_q <= code_ptr_d;
      code_q     <= code_d;
      fresh_q    <= !fire && read_ptr_q != code_ptr_q;
      if (fire) read_ptr_q <= read_ptr_q + AddrW'(1);
    end
  end

  ohm_ram #(
      .LaneWidth(8),
      .Depth(Depth)
  ) u_ring (
      .clk_i,
      .we_i(we),
      .waddr_i(waddr),
      .wdata_i(wdata),
      .raddr_i(read_ptr_q),
      .rdata_o(data_o)
  );
endmodule
