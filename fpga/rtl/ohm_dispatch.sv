// Between the link and the pulse processor: frames from the host are executed in order, and what a program or a
// memory has for the host becomes frames. Answers (data, error) go before results.
//
// seq_running_i stays high until the end of a program has been taken (done_valid_i and done_ready_o), and rises
// in the clock after run_valid_o and run_ready_i. With hello everything is dropped but the running program; its
// result words are numbered on. With abort, the frame, vectors and results that wait are dropped.

module ohm_dispatch #(
    parameter int unsigned FlushTicks = 4096  // clocks without a word after which a frame goes
) (
    input logic clk_i,
    input logic rst_ni,

    // link
    input  logic        rx_valid_i,
    output logic        rx_ready_o,
    input  logic [ 7:0] rx_data_i,
    input  logic        rx_last_i,
    input  logic [ 8:0] rx_length_i,
    output logic        tx_valid_o,
    input  logic        tx_ready_i,
    output logic [ 7:0] tx_data_o,
    output logic        tx_last_o,
    input  logic        hello_i,
    input  logic        abort_i,
    output logic        baud_valid_o,
    output logic [11:0] baud_div_o,

    // memories: link ports; data a clock after the address
    output logic        prog_we_o,
    output logic [ 9:0] prog_addr_o,
    output logic [31:0] prog_data_o,
    output logic        mem_en_o,
    output logic        mem_we_o,
    output logic [11:0] mem_addr_o,   // vector * 16 + beat
    output logic [63:0] mem_wdata_o,
    input  logic [63:0] mem_rdata_i,

    // registers; refused in the same clock
    output logic        reg_valid_o,
    output logic [ 7:0] reg_addr_o,
    output logic [31:0] reg_data_o,
    input  logic        reg_refused_i,

    // programs: all 16 arguments are written before run_valid_o
    output logic        run_valid_o,
    input  logic        run_ready_i,
    output logic [ 9:0] run_entry_o,
    output logic        arg_we_o,
    output logic [ 3:0] arg_index_o,
    output logic [15:0] arg_data_o,
    input  logic        seq_running_i,

    // streams of the running program: two elements a beat, 16 beats a vector; result words
    output logic        vin_valid_o,
    input  logic        vin_ready_i,
    output logic [63:0] vin_data_o,
    input  logic        vout_valid_i,
    output logic        vout_ready_o,
    input  logic [31:0] vout_data_i,

    // the end of a program
    input  logic        done_valid_i,
    output logic        done_ready_o,
    input  logic [15:0] done_code_i,
    input  logic [ 7:0] done_why_i,
    input  logic [ 7:0] done_fault_i,
    input  logic [15:0] done_pc_i,
    input  logic [63:0] done_cycles_i
);
  logic answer_valid, answer_ready, answer_last, result_valid, result_ready, result_last;
  logic [7:0] answer_data, result_data;
  logic [1:0] result_bytes;

  ohm_execute u_execute (
      .clk_i,
      .rst_ni,
      .clear_i(hello_i),
      .abort_i,
      .rx_valid_i,
      .rx_ready_o,
      .rx_data_i,
      .rx_last_i,
      .rx_length_i,
      .tx_valid_o(answer_valid),
      .tx_ready_i(answer_ready),
      .tx_data_o(answer_data),
      .tx_last_o(answer_last),
      .prog_we_o,
      .prog_addr_o,
      .prog_data_o,
      .mem_en_o,
      .mem_we_o,
      .mem_addr_o,
      .mem_wdata_o,
      .mem_rdata_i,
      .reg_valid_o,
      .reg_addr_o,
      .reg_data_o,
      .reg_refused_i,
      .baud_valid_o,
      .baud_div_o,
      .run_valid_o,
      .run_ready_i,
      .run_entry_o,
      .result_bytes_o(result_bytes),
      .arg_we_o,
      .arg_index_o,
      .arg_data_o,
      .running_i(seq_running_i),
      .consumer_i(seq_running_i && !done_valid_i),
      .vin_valid_o,
      .vin_ready_i,
      .vin_data_o
  );

  ohm_collect #(
      .FlushTicks(FlushTicks)
  ) u_collect (
      .clk_i,
      .rst_ni,
      .clear_i(hello_i),
      .abort_i,
      .result_bytes_i(result_bytes),
      .vout_valid_i,
      .vout_ready_o,
      .vout_data_i,
      .done_valid_i,
      .done_ready_o,
      .done_code_i,
      .done_why_i,
      .done_fault_i,
      .done_pc_i,
      .done_cycles_i,
      .tx_valid_o(result_valid),
      .tx_ready_i(result_ready),
      .tx_data_o(result_data),
      .tx_last_o(result_last)
  );

  ohm_frame_mux u_mux (
      .clk_i,
      .rst_ni,
      .clear_i(hello_i),
      .first_valid_i(answer_valid),
      .first_ready_o(answer_ready),
      .first_data_i(answer_data),
      .first_last_i(answer_last),
      .second_valid_i(result_valid),
      .second_ready_o(result_ready),
      .second_data_i(result_data),
      .second_last_i(result_last),
      .valid_o(tx_valid_o),
      .ready_i(tx_ready_i),
      .data_o(tx_data_o),
      .last_o(tx_last_o)
  );
endmodule
