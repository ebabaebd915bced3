// What a user of ohm_ram may rely on, at one address that stands for all: a read gives what was last written there.
// The proof of ohm_ram asserts it; the proofs of its users leave the memory out and assume it, so that they hold for
// every depth without the solver seeing a memory.

module ohm_ram_contract #(
    parameter bit Assume = 1'b1,
    parameter int unsigned Width = 9,
    parameter int unsigned AddrW = 12
) (
    input logic             clk_i,
    input logic             rst_ni,
    input logic [AddrW-1:0] addr_i,  // constant

    input logic             we_i,
    input logic [AddrW-1:0] waddr_i,
    input logic [Width-1:0] wdata_i,
    input logic [AddrW-1:0] raddr_i,
    input logic [Width-1:0] rdata_i,

    output logic [Width-1:0] word_o,   // at the address
    output logic             known_o,  // has been written
    output logic             hit_o,    // it is what is read now
    output logic [Width-1:0] want_o    // with hit_o: the data that are read
);
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      known_o <= 1'b0;
      hit_o   <= 1'b0;
    end else begin
      hit_o <= known_o && raddr_i == addr_i;
      if (we_i && waddr_i == addr_i) known_o <= 1'b1;
    end
    want_o <= word_o;
    if (we_i && waddr_i == addr_i) word_o <= wdata_i;
  end

`ifdef FORMAL
  if (Assume) begin : gen_assume
    always_ff @(posedge clk_i) if (rst_ni && hit_o) assume (rdata_i == want_o);
  end else begin : gen_assert
    always_ff @(posedge clk_i) if (rst_ni && hit_o) LastWritten_A : assert (rdata_i == want_o);
    always_ff @(posedge clk_i) if (rst_ni && hit_o) ReadBack_C : cover (want_o != '0 && !(&want_o));
  end
`endif
endmodule
