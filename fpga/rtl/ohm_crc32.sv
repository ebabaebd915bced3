// CRC-32 of IEEE 802.3 (as zlib.crc32), a byte a clock. After the four bytes of a CRC itself the register holds
// a constant, so a receiver need not know where the CRC begins.

module ohm_crc32 (
    input logic clk_i,
    input logic rst_ni,

    input logic       clear_i,  // before the first byte; goes before valid_i
    input logic       valid_i,
    input logic [7:0] data_i,

    output logic [31:0] crc_o,  // of the bytes so far; sent low byte first
    output logic        good_o  // the last four bytes were the CRC of those before
);
  localparam logic [31:0] Polynomial = 32'hedb88320;  // bit-reversed 04c11db7
  localparam logic [31:0] Residue = 32'hdebb20e3;

  logic [31:0] crc_q, crc_d;

  always_comb begin
    crc_d = crc_q;
    for (int unsigned i = 0; i < 8; i++) begin
      crc_d = (crc_d >> 1) ^ (crc_d[0] ^ data_i[i] ? Polynomial : '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || clear_i) crc_q <= '1;
    else if (valid_i) crc_q <= crc_d;
  end

  assign crc_o  = ~crc_q;
  assign good_o = crc_q == Residue;
endmodule
