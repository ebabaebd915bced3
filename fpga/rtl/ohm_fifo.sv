// First in, first out, in block RAM. A word leaves every second clock at most, since the memory's data come a
// clock after the address.

module ohm_fifo #(
    parameter  int unsigned Width = 32,
    parameter  int unsigned Depth = 512,           // a power of two; holds one word less
    localparam int unsigned AddrW = $clog2(Depth)
) (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,

    input  logic             valid_i,
    output logic             ready_o,
    input  logic [Width-1:0] data_i,

    output logic             valid_o,
    input  logic             ready_i,
    output logic [Width-1:0] data_o,

    output logic [AddrW-1:0] count_o
);
  logic [AddrW-1:0] write_ptr_q, read_ptr_q;
  logic push, pop, fresh_q;

  assign count_o = write_ptr_q - read_ptr_q;
  assign ready_o = count_o != '1;
  assign valid_o = fresh_q;
  assign push    = valid_i && ready_o;
  assign pop     = valid_o && ready_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) begin
      write_ptr_q <= '0;
      read_ptr_q  <= '0;
      fresh_q     <= 1'b0;
    end else begin
      fresh_q <= !pop && count_o != '0;
      if (push) write_ptr_q <= write_ptr_q + AddrW'(1);
      if (pop) read_ptr_q <= read_ptr_q + AddrW'(1);
    end
  end

  ohm_ram #(
      .LaneWidth(Width),
      .Depth(Depth)
  ) u_ram (
      .clk_i,
      .we_i(push),
      .waddr_i(write_ptr_q),
      .wdata_i(data_i),
      .raddr_i(read_ptr_q),
      .rdata_o(data_o)
  );
endmodule
