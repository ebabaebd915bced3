// Reads frames from a ring memory: a word with the length of the payload, then the four bytes of the head and
// the payload. Two clocks a byte, since the memory's data come a clock after the address; the UART is slower.

module ohm_frame_reader #(
    parameter int unsigned AddrW = 12
) (
    input logic clk_i,
    input logic rst_ni,

    input logic             load_i,      // go to load_ptr_i; ends a frame that is being read
    input logic [AddrW-1:0] load_ptr_i,
    input logic             go_i,        // a frame stands at ptr_o and may be read

    output logic [AddrW-1:0] ptr_o,   // next word to be read; the memory's read address
    input  logic [      8:0] rdata_i,

    output logic       valid_o,
    input  logic       ready_i,
    output logic [7:0] data_o,
    output logic       last_o,
    output logic [8:0] length_o,  // of the payload, valid with the frame
    output logic       busy_o     // a frame is being read
);
  localparam logic [8:0] HeadBytes = 9'd4;

  logic [AddrW-1:0] ptr_q;
  logic [8:0] left_q;
  logic busy_q, fresh_q, is_head, advance;

  assign is_head = left_q == '0;
  assign advance = fresh_q && (is_head || ready_i);
  assign valid_o = fresh_q && !is_head;
  assign data_o  = rdata_i[7:0];
  assign last_o  = left_q == 9'd1;
  assign ptr_o   = ptr_q;
  assign busy_o  = busy_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || load_i) begin
      ptr_q   <= rst_ni ? load_ptr_i : '0;
      left_q  <= '0;
      busy_q  <= 1'b0;
      fresh_q <= 1'b0;
    end else begin
      fresh_q <= busy_q && !advance;
      if (!busy_q) busy_q <= go_i;
      if (advance) begin
        ptr_q  <= ptr_q + AddrW'(1);
        left_q <= is_head ? rdata_i + HeadBytes : left_q - 9'd1;
        if (last_o) busy_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) length_o <= '0;
    else if (advance && is_head) length_o <= rdata_i;
  end
endmodule
