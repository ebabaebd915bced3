// The whole FPGA without its board and without its carrier: ohm_top of a carrier's folder joins them.
//
//   uart - ohm_link - ohm_dispatch - program memory - ohm_seq - ohm_guard - carrier
//                                 \- vector memory - ohm_vec -/

module ohm_core #(
    parameter int unsigned ClockHz = ohm_carrier_pkg::ClockHz
) (
    input logic clk_i,
    input logic rst_ni,

    input logic [31:0] build_id_i,  // constant: a hash of RTL and firmware, which the host is told

    input  logic uart_rx_i,
    output logic uart_tx_o,

    // commands to the carrier; the codes of its conversions, two columns a beat, or of one cell alone; its fast enables
    output logic                         car_cmd_valid_o,
    input  logic                         car_cmd_ready_i,
    output ohm_carrier_pkg::cmd_t        car_cmd_o,
    input  logic                         car_idle_i,
    input  logic                         sense_valid_i,
    output logic                         sense_ready_o,
    input  logic                  [31:0] sense_data_i,
    input  logic                         set_en_i,
    input  logic                         reset_en_i,

    // pins, as the guard lets them
    output logic set_en_o,
    output logic reset_en_o,
    output logic safe_no,
    input  logic overcurrent_ni,

    // lamps
    output logic running_o,
    output logic armed_o,
    output logic fault_o
);
  // link
  logic rx_valid, rx_ready, rx_last, tx_valid, tx_ready, tx_last;
  logic [7:0] rx_data, tx_data;
  logic [8:0] rx_length;
  logic hello, abort, good_frame, baud_valid;
  logic [11:0] baud_div;
  ohm_link_state_pkg::state_t state;
  ohm_guard_pkg::fault_e fault;
  logic unused_break;

  ohm_link #(
      .ClockHz(ClockHz)
  ) u_link (
      .clk_i,
      .rst_ni,
      .build_id_i,
      .uart_rx_i,
      .uart_tx_o,
      .rx_valid_o  (rx_valid),
      .rx_ready_i  (rx_ready),
      .rx_data_o   (rx_data),
      .rx_last_o   (rx_last),
      .rx_length_o (rx_length),
      .tx_valid_i  (tx_valid),
      .tx_ready_o  (tx_ready),
      .tx_data_i   (tx_data),
      .tx_last_i   (tx_last),
      .hello_o     (hello),
      .abort_o     (abort),
      .good_frame_o(good_frame),
      .break_o     (unused_break),
      .state_i     (state),
      .baud_valid_i(baud_valid),
      .baud_div_i  (baud_div)
  );

  // frames to memories, registers and programs, and back
  logic prog_we, mem_en, mem_we, reg_valid, reg_refused, run_valid, run_ready, arg_we;
  logic [9:0] prog_waddr, run_entry;
  logic [31:0] prog_wdata, reg_data, vout_data;
  logic [11:0] mem_addr;
  logic [63:0] mem_wdata, mem_rdata, vin_data, done_cycles;
  logic [7:0] reg_addr, done_why, done_fault;
  logic [3:0] arg_index;
  logic [15:0] arg_data, done_code, done_pc;
  logic vin_valid, vin_ready, vout_valid, vout_ready, done_valid, done_ready;

  ohm_dispatch u_dispatch (
      .clk_i,
      .rst_ni,
      .rx_valid_i   (rx_valid),
      .rx_ready_o   (rx_ready),
      .rx_data_i    (rx_data),
      .rx_last_i    (rx_last),
      .rx_length_i  (rx_length),
      .tx_valid_o   (tx_valid),
      .tx_ready_i   (tx_ready),
      .tx_data_o    (tx_data),
      .tx_last_o    (tx_last),
      .hello_i      (hello),
      .abort_i      (abort),
      .baud_valid_o (baud_valid),
      .baud_div_o   (baud_div),
      .prog_we_o    (prog_we),
      .prog_addr_o  (prog_waddr),
      .prog_data_o  (prog_wdata),
      .mem_en_o     (mem_en),
      .mem_we_o     (mem_we),
      .mem_addr_o   (mem_addr),
      .mem_wdata_o  (mem_wdata),
      .mem_rdata_i  (mem_rdata),
      .reg_valid_o  (reg_valid),
      .reg_addr_o   (reg_addr),
      .reg_data_o   (reg_data),
      .reg_refused_i(reg_refused),
      .run_valid_o  (run_valid),
      .run_ready_i  (run_ready),
      .run_entry_o  (run_entry),
      .arg_we_o     (arg_we),
      .arg_index_o  (arg_index),
      .arg_data_o   (arg_data),
      .seq_running_i(running_o),
      .vin_valid_o  (vin_valid),
      .vin_ready_i  (vin_ready),
      .vin_data_o   (vin_data),
      .vout_valid_i (vout_valid),
      .vout_ready_o (vout_ready),
      .vout_data_i  (vout_data),
      .done_valid_i (done_valid),
      .done_ready_o (done_ready),
      .done_code_i  (done_code),
      .done_why_i   (done_why),
      .done_fault_i (done_fault),
      .done_pc_i    (done_pc),
      .done_cycles_i(done_cycles)
  );

  // memories
  logic [ 9:0] prog_addr;
  logic [31:0] prog_data;
  logic [11:0] vec_addr;
  logic [ 1:0] vec_we;
  logic [63:0] vec_wdata, vec_rdata;

  ohm_ram #(
      .Depth(ohm_isa_pkg::ProgramWords)
  ) u_program (
      .clk_i,
      .we_i   (prog_we),
      .waddr_i(prog_waddr),
      .wdata_i(prog_wdata),
      .raddr_i(prog_addr),
      .rdata_o(prog_data)
  );

  ohm_ram_tdp #(
      .Depth(ohm_isa_pkg::MemoryVectors * ohm_isa_pkg::Lanes / ohm_isa_pkg::LanesPerBeat)
  ) u_memory (
      .clk_i,
      .a_we_i   (vec_we),
      .a_addr_i (vec_addr),
      .a_wdata_i(vec_wdata),
      .a_rdata_o(vec_rdata),
      .b_we_i   ({2{mem_en && mem_we}}),
      .b_addr_i (mem_addr),
      .b_wdata_i(mem_wdata),
      .b_rdata_o(mem_rdata)
  );

  // pulse processor
  logic seq_cmd_valid, seq_cmd_ready;
  ohm_carrier_pkg::cmd_t seq_cmd;
  logic vec_start, vec_done;
  ohm_isa_pkg::op_e vec_op;
  logic [3:0] vec_d, vec_a, vec_b;
  logic [ 7:0] vec_imm;
  logic [15:0] vec_scalar;
  logic [31:0] vec_pred, vec_mask, pulses, reads;
  logic [63:0] run_cycles, busy_cycles, read_cycles, read_wait_cycles, clock_cycles_q;
  logic is_faulty, read_bias;

  assign is_faulty = fault != ohm_guard_pkg::FaultNone;

  ohm_seq u_seq (
      .clk_i,
      .rst_ni,
      .run_valid_i       (run_valid),
      .run_ready_o       (run_ready),
      .run_entry_i       (run_entry),
      .arg_we_i          (arg_we),
      .arg_index_i       (arg_index),
      .arg_data_i        (arg_data),
      .abort_i           (abort),
      .fault_i           (fault),
      .running_o,
      .done_valid_o      (done_valid),
      .done_ready_i      (done_ready),
      .done_code_o       (done_code),
      .done_why_o        (done_why),
      .done_fault_o      (done_fault),
      .done_pc_o         (done_pc),
      .done_cycles_o     (done_cycles),
      .prog_addr_o       (prog_addr),
      .prog_data_i       (prog_data),
      .cmd_valid_o       (seq_cmd_valid),
      .cmd_ready_i       (seq_cmd_ready),
      .cmd_o             (seq_cmd),
      .carrier_idle_i    (car_idle_i),
      .read_bias_i       (read_bias),
      .vec_start_o       (vec_start),
      .vec_op_o          (vec_op),
      .vec_d_o           (vec_d),
      .vec_a_o           (vec_a),
      .vec_b_o           (vec_b),
      .vec_imm_o         (vec_imm),
      .vec_scalar_o      (vec_scalar),
      .vec_pred_o        (vec_pred),
      .vec_done_i        (vec_done),
      .vec_mask_i        (vec_mask),
      .run_cycles_o      (run_cycles),
      .busy_cycles_o     (busy_cycles),
      .pulses_o          (pulses),
      .reads_o           (reads),
      .read_cycles_o     (read_cycles),
      .read_wait_cycles_o(read_wait_cycles)
  );

  logic codes_valid, codes_ready;
  logic [31:0] codes;

  ohm_vec u_vec (
      .clk_i,
      .rst_ni,
      .abort_i      (abort || is_faulty),
      .start_i      (vec_start),
      .op_i         (vec_op),
      .d_i          (vec_d),
      .a_i          (vec_a),
      .b_i          (vec_b),
      .imm_i        (vec_imm),
      .scalar_i     (vec_scalar),
      .pred_i       (vec_pred),
      .done_o       (vec_done),
      .mask_o       (vec_mask),
      .mem_addr_o   (vec_addr),
      .mem_we_o     (vec_we),
      .mem_wdata_o  (vec_wdata),
      .mem_rdata_i  (vec_rdata),
      .sense_valid_i(codes_valid),
      .sense_ready_o(codes_ready),
      .sense_data_i (codes),
      .vin_valid_i  (vin_valid),
      .vin_ready_o  (vin_ready),
      .vin_data_i   (vin_data),
      .vout_valid_o (vout_valid),
      .vout_ready_i (vout_ready),
      .vout_data_o  (vout_data)
  );

  // one cell at a time, where the carrier can do no more
  logic cell_cmd_valid, cell_cmd_ready;
  ohm_carrier_pkg::cmd_t cell_cmd;
  if (ohm_carrier_pkg::OneCell) begin : gen_cells
    logic unused_sense;
    assign unused_sense  = ^sense_data_i[31:16];
    assign sense_ready_o = 1'b1;
    ohm_cells u_cells (
        .clk_i,
        .rst_ni,
        .safe_i       (!safe_no),
        .seq_valid_i  (seq_cmd_valid),
        .seq_ready_o  (seq_cmd_ready),
        .seq_cmd_i    (seq_cmd),
        .cmd_valid_o  (cell_cmd_valid),
        .cmd_ready_i  (cell_cmd_ready),
        .cmd_o        (cell_cmd),
        .code_valid_i (sense_valid_i),
        .code_i       (sense_data_i[15:0]),
        .codes_valid_o(codes_valid),
        .codes_ready_i(codes_ready),
        .codes_o      (codes)
    );
  end else begin : gen_rows
    assign cell_cmd_valid = seq_cmd_valid;
    assign seq_cmd_ready  = cell_cmd_ready;
    assign cell_cmd       = seq_cmd;
    assign codes_valid    = sense_valid_i;
    assign sense_ready_o  = codes_ready;
    assign codes          = sense_data_i;
  end

  ohm_guard #(
      .TicksPerMs(ClockHz / 1000)
  ) u_guard (
      .clk_i,
      .rst_ni,
      .seq_cmd_valid_i(cell_cmd_valid),
      .seq_cmd_ready_o(cell_cmd_ready),
      .seq_cmd_i      (cell_cmd),
      .car_cmd_valid_o,
      .car_cmd_ready_i,
      .car_cmd_o,
      .set_en_i,
      .reset_en_i,
      .set_en_o,
      .reset_en_o,
      .safe_no,
      .overcurrent_ni,
      .reg_valid_i    (reg_valid),
      .reg_addr_i     (reg_addr),
      .reg_data_i     (reg_data),
      .reg_refused_o  (reg_refused),
      .good_frame_i   (good_frame),
      .abort_i        (abort),
      .armed_o,
      .fault_o        (fault),
      .read_bias_o    (read_bias)
  );

  always_ff @(posedge clk_i) begin
    if (!rst_ni) clock_cycles_q <= '0;
    else clock_cycles_q <= clock_cycles_q + 64'd1;
  end

  assign fault_o = is_faulty;
  assign state = '{
          read_wait_cycles: read_wait_cycles,
          read_cycles: read_cycles,
          reads: reads,
          busy_cycles: busy_cycles,
          pulses: pulses,
          clock_cycles: clock_cycles_q,
          run_cycles: run_cycles,
          fault_code: fault,
          fault: is_faulty,
          armed: armed_o,
          running: running_o
      };
endmodule
