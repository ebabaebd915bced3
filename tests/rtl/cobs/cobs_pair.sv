// COBS encoder, COBS decoder and CRC side by side, so that one build tests them.

module cobs_pair (
    input logic clk_i,
    input logic rst_ni,

    input  logic       enc_valid_i,
    output logic       enc_ready_o,
    input  logic [7:0] enc_data_i,
    input  logic       enc_last_i,
    output logic       enc_valid_o,
    input  logic       enc_ready_i,
    output logic [7:0] enc_data_o,
    output logic       enc_idle_o,

    input  logic       dec_clear_i,
    input  logic       dec_valid_i,
    input  logic [7:0] dec_data_i,
    output logic       dec_valid_o,
    output logic [7:0] dec_data_o,
    output logic       dec_end_o,
    output logic       dec_bad_o,

    // of what the decoder gives
    input  logic        crc_clear_i,
    output logic [31:0] crc_o,
    output logic        crc_good_o
);
  ohm_cobs_enc u_enc (
      .clk_i,
      .rst_ni,
      .valid_i(enc_valid_i),
      .ready_o(enc_ready_o),
      .data_i (enc_data_i),
      .last_i (enc_last_i),
      .valid_o(enc_valid_o),
      .ready_i(enc_ready_i),
      .data_o (enc_data_o),
      .idle_o (enc_idle_o)
  );

  ohm_cobs_dec u_dec (
      .clk_i,
      .rst_ni,
      .clear_i(dec_clear_i),
      .valid_i(dec_valid_i),
      .data_i (dec_data_i),
      .valid_o(dec_valid_o),
      .data_o (dec_data_o),
      .end_o  (dec_end_o),
      .bad_o  (dec_bad_o)
  );

  ohm_crc32 u_crc (
      .clk_i,
      .rst_ni,
      .clear_i(crc_clear_i),
      .valid_i(dec_valid_o),
      .data_i (dec_data_o),
      .crc_o,
      .good_o (crc_good_o)
  );
endmodule
