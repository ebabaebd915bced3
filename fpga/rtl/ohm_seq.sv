// Control of the pulse processor: fetches, executes scalar and mask instructions, starts the vector unit, and
// hands commands to the guard. Every instruction takes a fixed number of clocks plus what it waits for:
// the carrier (counted, the same in every run) or the link (not counted, so that a program's run time
// does not depend on the host).

module ohm_seq (
    input logic clk_i,
    input logic rst_ni,

    // from the host
    input  logic        run_valid_i,
    output logic        run_ready_o,  // not in the first 16 clocks after reset
    input  logic [ 9:0] run_entry_i,
    input  logic        arg_we_i,
    input  logic [ 3:0] arg_index_i,
    input  logic [15:0] arg_data_i,
    input  logic        abort_i,
    input  logic [ 7:0] fault_i,      // latched by the guard; not 0 ends the program
    output logic        running_o,

    // the end of a program
    output logic        done_valid_o,
    input  logic        done_ready_i,
    output logic [15:0] done_code_o,
    output logic [ 7:0] done_why_o,
    output logic [ 7:0] done_fault_o,
    output logic [15:0] done_pc_o,
    output logic [63:0] done_cycles_o,

    // program memory, data a clock after the address
    output logic [ 9:0] prog_addr_o,
    input  logic [31:0] prog_data_i,

    // commands to the guard
    output logic                  cmd_valid_o,
    input  logic                  cmd_ready_i,
    output ohm_carrier_pkg::cmd_t cmd_o,
    input  logic                  carrier_idle_i,
    input  logic                  read_bias_i,     // word lines are on in READ

    // vector unit
    output logic                    vec_start_o,
    output ohm_isa_pkg::op_e        vec_op_o,
    output logic             [ 3:0] vec_d_o,
    output logic             [ 3:0] vec_a_o,
    output logic             [ 3:0] vec_b_o,
    output logic             [ 7:0] vec_imm_o,
    output logic             [15:0] vec_scalar_o,
    output logic             [31:0] vec_pred_o,
    input  logic                    vec_done_i,
    input  logic             [31:0] vec_mask_i,

    // counters for the host
    output logic [63:0] run_cycles_o,
    output logic [63:0] busy_cycles_o,
    output logic [31:0] pulses_o,
    output logic [31:0] reads_o,
    output logic [63:0] read_cycles_o,
    output logic [63:0] read_wait_cycles_o  // of these, those in which run time stood still
);
  import ohm_isa_pkg::*;

  // how a program ended (frame `done`)
  typedef enum logic [7:0] {
    WhyHalt,
    WhyAbort,
    WhyFault,
    WhyIllegal
  } why_e;

  typedef enum logic [2:0] {
    StClear,   // after reset: all masks to 0, m0 to all ones
    StIdle,
    StFetch,
    StExec,    // held while the carrier is not ready
    StVector,
    StWait,
    StStream,  // the link is waited for; run time stands still
    StDone
  } state_e;

  state_e state_q, state_d;
  why_e why_q, why_d;
  logic [9:0] pc_q, pc_d;
  // distributed RAM, which has no reset
  (* ram_style = "distributed" *)logic [15:0] scalar_q[16];
  (* ram_style = "distributed" *)logic [31:0] mask_q  [16];
  logic [ 3:0] clear_q;
  logic [15:0] wait_q, wait_d, code_q, code_d;
  logic [ 7:0] fault_q;

  // The word that is executed and its operands are read as the fetch begins and kept in flops, since what hangs on an
  // instruction is long: the guard, the carrier, and where to go next. No register is written during a fetch.
  logic [31:0] word_q;
  logic [15:0] rd_q, ra_d, ra_q, rb_q;
  logic [31:0] md_d, md_q, ma_d, ma_q, mb_d, mb_q, pred_q;
  op_e op;
  logic [3:0] d, a, b;
  logic [15:0] imm;
  assign ra_d = scalar_q[prog_data_i[21:18]];
  assign md_d = mask_q[prog_data_i[25:22]];
  assign ma_d = mask_q[prog_data_i[21:18]];
  assign mb_d = mask_q[prog_data_i[15:12]];
  always_ff @(posedge clk_i) begin
    if (state_q == StFetch) begin
      word_q <= prog_data_i;
      rd_q   <= scalar_q[prog_data_i[25:22]];
      ra_q   <= ra_d;
      rb_q   <= scalar_q[prog_data_i[15:12]];
      md_q   <= md_d;
      ma_q   <= ma_d;
      mb_q   <= mb_d;
      pred_q <= mask_q[prog_data_i[11:8]];
    end
  end
  assign op  = op_e'(word_q[31:26]);
  assign d   = word_q[25:22];
  assign a   = word_q[21:18];
  assign imm = word_q[15:0];
  assign b   = word_q[15:12];
  logic unused_word;
  assign unused_word  = ^word_q[17:16];

  assign vec_op_o     = op;
  assign vec_d_o      = d;
  assign vec_a_o      = a;
  assign vec_b_o      = b;
  assign vec_imm_o    = word_q[7:0];
  assign vec_scalar_o = ra_q;
  assign vec_pred_o   = pred_q;

  // The guard's command, ready made as the instruction begins. A mode or a rail that does not exist: no instruction
  // either.
  logic is_command_d, is_command_q, is_unknown_d, is_unknown_q;
  ohm_carrier_pkg::cmd_t cmd_d;
  always_comb begin
    cmd_d        = '0;
    is_command_d = 1'b1;
    is_unknown_d = 1'b0;
    unique case (op_e'(prog_data_i[31:26]))
      OpRail: begin
        cmd_d.kind   = ohm_carrier_pkg::CmdRail;
        cmd_d.rail   = ohm_carrier_pkg::rail_e'(prog_data_i[2:0]);
        cmd_d.value  = ra_d;
        is_unknown_d = prog_data_i[7:3] != '0;
      end
      OpLines: begin
        cmd_d.kind   = ohm_carrier_pkg::CmdLines;
        cmd_d.mode   = ohm_carrier_pkg::mode_e'(prog_data_i[1:0]);
        cmd_d.wl     = ohm_carrier_pkg::Rows'(md_d);  // masks have lanes above the array's lines
        cmd_d.bl     = ohm_carrier_pkg::Rows'(ma_d);
        cmd_d.col    = ohm_carrier_pkg::Columns'(mb_d);
        is_unknown_d = prog_data_i[7:2] != '0;
      end
      OpPulse: begin
        cmd_d.kind  = ohm_carrier_pkg::CmdPulse;
        cmd_d.value = ra_d;
      end
      OpSense, OpConvert: cmd_d.kind = ohm_carrier_pkg::CmdSense;
      default: is_command_d = 1'b0;
    endcase
  end
  always_ff @(posedge clk_i) begin
    if (state_q == StFetch) begin
      cmd_o        <= cmd_d;
      is_command_q <= is_command_d && !is_unknown_d;
      is_unknown_q <= is_unknown_d;
    end
  end
  assign cmd_valid_o = state_q == StExec && is_command_q;

  // by four, since each of these sums is three look-ups
  logic [5:0] ma_count;
  logic [2:0] of_four;
  always_comb begin
    ma_count = '0;
    for (int i = 0; i < 32; i += 4) begin
      of_four = {2'h0, ma_q[i]} + {2'h0, ma_q[i+1]} + {2'h0, ma_q[i+2]} + {2'h0, ma_q[i+3]};
      ma_count += {3'h0, of_four};
    end
  end

  // what an instruction would write into a scalar and into a mask
  logic [15:0] operand, sum, scalar_d;
  logic unused_carry;
  always_comb begin
    operand = rb_q;
    if (op == OpAddi) operand = imm;
    if (op == OpSub) operand = ~rb_q;
  end
  assign {sum, unused_carry} = {ra_q, 1'b1} + {operand, op == OpSub};
  always_comb begin
    scalar_d = sum;
    if (op == OpLi) scalar_d = imm;
    if (op == OpMcnt) scalar_d = {10'h0, ma_count};
  end

  // gated and joined, not chosen: a choice of eight is larger in look-up tables of four inputs
  logic [31:0] logical, halves, one, mask_d;
  logic is_compare;
  assign is_compare = op == OpVlt || op == OpVeq || op == OpVbit;
  assign logical = (ma_q & mb_q & {32{op == OpMand || op == OpMor}}) |
      (ma_q & ~mb_q & {32{op != OpMand}}) | (~ma_q & mb_q & {32{op == OpMor || op == OpMxor}});
  assign halves = {op == OpMhi ? ra_q : md_q[31:16], op == OpMlo ? ra_q : md_q[15:0]};
  assign one = 32'h1 << ra_q[4:0];
  assign mask_d = (logical & {32{op inside {OpMand, OpMor, OpMxor, OpMandn}}}) |
      (halves & {32{op == OpMlo || op == OpMhi}}) | (one & {32{op == OpMone}}) |
      (vec_mask_i & {32{is_compare}});

  logic scalar_we, mask_we, advance, jump;

  // The address does not wait for the carrier: what is read while an instruction is held is not used.
  logic [9:0] next_pc;
  assign next_pc     = jump ? imm[9:0] : pc_q + 10'd1;
  assign prog_addr_o = state_q == StIdle ? run_entry_i : next_pc;

  always_comb begin
    pc_d = pc_q;
    if (state_q == StIdle) pc_d = run_entry_i;
    else if (advance) pc_d = next_pc;
  end

  always_comb begin
    state_d     = state_q;
    why_d       = why_q;
    code_d      = code_q;
    wait_d      = wait_q - 16'd1;
    advance     = 1'b0;
    jump        = 1'b0;
    scalar_we   = 1'b0;
    mask_we     = 1'b0;
    vec_start_o = 1'b0;
    run_ready_o = 1'b0;

    unique case (state_q)
      StClear: if (clear_q == '1) state_d = StIdle;
      StIdle: begin
        run_ready_o = 1'b1;
        why_d       = WhyHalt;
        code_d      = '0;
        if (run_valid_i) state_d = StFetch;
      end
      StFetch: state_d = StExec;
      StExec: begin
        state_d = StFetch;
        advance = 1'b1;
        unique case (op)
          OpHalt: begin
            state_d = carrier_idle_i ? StDone : StExec;
            code_d  = imm;
            advance = 1'b0;
          end
          OpLi, OpAddi, OpAdd, OpSub, OpMcnt: scalar_we = 1'b1;
          OpJmp: jump = 1'b1;
          OpBeq: jump = rd_q == ra_q;
          OpBne: jump = rd_q != ra_q;
          OpBlt: jump = rd_q < ra_q;
          OpBge: jump = rd_q >= ra_q;
          OpBany: jump = ma_q != '0;
          OpBnone: jump = ma_q == '0;
          OpWait: begin
            wait_d = ra_q;
            if (ra_q != '0) begin
              state_d = StWait;
              advance = 1'b0;
            end
          end
          OpMone, OpMand, OpMor, OpMxor, OpMandn, OpMlo, OpMhi: mask_we = 1'b1;
          OpVld, OpVst, OpVset, OpVadd, OpVsub, OpVand, OpVor, OpVshl, OpVshr,
          OpVlt, OpVeq, OpVbit, OpVgat, OpCodes: begin
            vec_start_o = 1'b1;
            state_d     = StVector;
            advance     = 1'b0;
          end
          OpRail, OpLines, OpPulse, OpConvert:
          if (is_unknown_q) begin
            state_d = StDone;
            why_d   = WhyIllegal;
            advance = 1'b0;
          end else if (!cmd_ready_i) begin
            state_d = StExec;
            advance = 1'b0;
          end
          OpSense: begin
            vec_start_o = cmd_ready_i;
            state_d     = cmd_ready_i ? StVector : StExec;
            advance     = 1'b0;
          end
          OpVin, OpVout: begin
            vec_start_o = carrier_idle_i;
            state_d     = carrier_idle_i ? StStream : StExec;
            advance     = 1'b0;
          end
          OpSync:
          if (!carrier_idle_i) begin
            state_d = StExec;
            advance = 1'b0;
          end
          default: begin
            state_d = StDone;
            why_d   = WhyIllegal;
            advance = 1'b0;
          end
        endcase
      end
      StWait:
      if (wait_q == 16'd1) begin
        state_d = StFetch;
        advance = 1'b1;
      end
      StVector, StStream:
      if (vec_done_i) begin
        state_d = StFetch;
        advance = 1'b1;
        mask_we = is_compare;
      end
      StDone:  if (done_ready_i) state_d = StIdle;
      default: state_d = StIdle;
    endcase

    // the guard has turned the array off already; here only the program ends
    if (running_o && state_q != StDone && (abort_i || fault_i != '0)) begin
      state_d   = StDone;
      why_d     = abort_i ? WhyAbort : WhyFault;
      code_d    = '0;
      advance   = 1'b0;
      scalar_we = 1'b0;
      mask_we   = 1'b0;
    end
  end

  logic is_counting;
  assign is_counting =
      state_q == StFetch || state_q == StExec || state_q == StVector || state_q == StWait;

  logic [63:0] run_cycles_q, program_cycles_q, busy_cycles_q;
  logic [31:0] pulses_q, reads_q;
  logic [63:0] read_cycles_q, read_wait_cycles_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q            <= StClear;
      clear_q            <= '0;
      why_q              <= WhyHalt;
      fault_q            <= '0;
      run_cycles_q       <= '0;
      program_cycles_q   <= '0;
      busy_cycles_q      <= '0;
      pulses_q           <= '0;
      reads_q            <= '0;
      read_cycles_q      <= '0;
      read_wait_cycles_q <= '0;
    end else begin
      state_q <= state_d;
      clear_q <= clear_q + 4'd1;
      why_q   <= why_d;
      if (state_d == StDone && state_q != StDone) fault_q <= abort_i ? '0 : fault_i;
      if (state_q == StIdle) program_cycles_q <= '0;
      else if (is_counting) program_cycles_q <= program_cycles_q + 64'd1;
      if (is_counting) begin
        run_cycles_q <= run_cycles_q + 64'd1;
        if (!carrier_idle_i) busy_cycles_q <= busy_cycles_q + 64'd1;
      end
      if (cmd_valid_o && cmd_ready_i && op == OpPulse) pulses_q <= pulses_q + 32'd1;
      if (cmd_valid_o && cmd_ready_i && op inside {OpSense, OpConvert} && read_bias_i)
        reads_q <= reads_q + 32'd1;
      if (read_bias_i) begin
        read_cycles_q <= read_cycles_q + 64'd1;
        if (!is_counting) read_wait_cycles_q <= read_wait_cycles_q + 64'd1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    pc_q   <= pc_d;
    code_q <= code_d;
    wait_q <= wait_d;
    if (arg_we_i) scalar_q[arg_index_i] <= arg_data_i;
    else if (scalar_we) scalar_q[d] <= scalar_d;
    if (state_q == StClear) mask_q[clear_q] <= {32{clear_q == '0}};
    else if (mask_we && d != '0) mask_q[d] <= mask_d;
  end

  assign running_o          = state_q != StIdle && state_q != StClear;
  assign done_valid_o       = state_q == StDone;
  assign done_code_o        = code_q;
  assign done_why_o         = why_q;
  assign done_fault_o       = fault_q;
  assign done_pc_o          = {6'h0, pc_q};
  assign done_cycles_o      = program_cycles_q;
  assign run_cycles_o       = run_cycles_q;
  assign busy_cycles_o      = busy_cycles_q;
  assign pulses_o           = pulses_q;
  assign reads_o            = reads_q;
  assign read_cycles_o      = read_cycles_q;
  assign read_wait_cycles_o = read_wait_cycles_q;
endmodule
