// Vector unit of the pulse processor: 16 registers of 32 lanes, two lanes a clock, so that an operation
// takes the same number of clocks whatever its operands are. Three stages: read the register file, compute,
// write. A gather has one more, since its second address is the data of the first read.

module ohm_vec (
    input logic clk_i,
    input logic rst_ni,

    input  logic                    abort_i,
    input  logic                    start_i,   // with the operation; not before done_o
    input  ohm_isa_pkg::op_e        op_i,      // stable until done_o, like all operands
    input  logic             [ 3:0] d_i,
    input  logic             [ 3:0] a_i,
    input  logic             [ 3:0] b_i,
    input  logic             [ 7:0] imm_i,
    input  logic             [15:0] scalar_i,
    input  logic             [31:0] pred_i,
    output logic                    done_o,    // last clock of the operation
    output logic             [31:0] mask_o,    // of vlt, veq, vbit; valid with done_o

    // vector memory
    output logic [11:0] mem_addr_o,
    output logic [ 1:0] mem_we_o,
    output logic [63:0] mem_wdata_o,
    input  logic [63:0] mem_rdata_i,

    // column codes from the carrier, for sense and codes
    input  logic        sense_valid_i,
    output logic        sense_ready_o,
    input  logic [31:0] sense_data_i,

    // streams from and to the host
    input  logic        vin_valid_i,
    output logic        vin_ready_o,
    input  logic [63:0] vin_data_i,
    output logic        vout_valid_o,
    input  logic        vout_ready_i,
    output logic [31:0] vout_data_o
);
  import ohm_isa_pkg::*;

  localparam int unsigned Beats = Lanes / LanesPerBeat;
  localparam logic [5:0] LastVector = 6'(Beats + 1);
  localparam logic [5:0] LastGather = 6'(Lanes + 2);

  typedef enum logic [1:0] {
    StIdle,
    StRun,   // lanes pass through the pipeline
    StFill,  // a register is filled from the carrier or vin
    StDrain  // a register goes out by vout
  } state_e;

  state_e state_q;
  logic [5:0] step_q;
  logic is_gather, is_run_last;

  assign is_gather   = op_i == OpVgat;
  assign is_run_last = step_q == (is_gather ? LastGather : LastVector);

  // lanes that vout sends
  logic [5:0] out_count;
  logic drain_ready_q, is_drain_last;
  assign out_count     = scalar_i[5:0] > 6'd32 ? 6'd32 : scalar_i[5:0];
  assign is_drain_last = vout_valid_o && vout_ready_i && step_q + 6'd1 == out_count;

  logic fill_valid, is_fill_last;
  assign fill_valid = state_q == StFill && (op_i == OpVin ? vin_valid_i : sense_valid_i);
  assign is_fill_last = fill_valid && step_q == 6'(Beats - 1);
  assign vin_ready_o = state_q == StFill && op_i == OpVin;
  assign sense_ready_o = state_q == StFill && op_i != OpVin;

  always_comb begin
    unique case (state_q)
      StRun:   done_o = is_run_last;
      StFill:  done_o = is_fill_last;
      StDrain: done_o = is_drain_last || out_count == '0;
      default: done_o = 1'b0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni || abort_i) begin
      state_q <= StIdle;
      step_q  <= '0;
    end else begin
      unique case (state_q)
        StIdle:
        if (start_i) begin
          step_q <= '0;
          unique case (op_i)
            OpSense, OpCodes, OpVin: state_q <= StFill;
            OpVout:                  state_q <= StDrain;
            default:                 state_q <= StRun;
          endcase
        end
        StRun:   step_q <= step_q + 6'd1;
        StFill:  if (fill_valid) step_q <= step_q + 6'd1;
        StDrain: if (vout_valid_o && vout_ready_i) step_q <= step_q + 6'd1;
        default: ;
      endcase
      if (done_o) state_q <= StIdle;
    end
  end

  // register file: two copies, so that two registers are read at once
  logic [7:0] raddr_a, raddr_b, waddr;
  logic [63:0] rdata_a, rdata_b, wdata;
  logic [1:0] we;

  ohm_ram #(
      .Lanes(2),
      .LaneWidth(32),
      .Depth(256)
  ) u_regs_a (
      .clk_i,
      .we_i(we),
      .waddr_i(waddr),
      .wdata_i(wdata),
      .raddr_i(raddr_a),
      .rdata_o(rdata_a)
  );
  ohm_ram #(
      .Lanes(2),
      .LaneWidth(32),
      .Depth(256)
  ) u_regs_b (
      .clk_i,
      .we_i(we),
      .waddr_i(waddr),
      .wdata_i(wdata),
      .raddr_i(raddr_b),
      .rdata_o(rdata_b)
  );

  // stage 0: addresses
  logic       in_lanes;
  logic [4:0] idx;  // gather: lane that stage 1 reads
  assign in_lanes = state_q == StRun && step_q < (is_gather ? 6'(Lanes) : 6'(Beats));
  assign raddr_b  = {b_i, is_gather ? step_q[4:1] : step_q[3:0]};
  always_comb begin
    raddr_a = {op_i == OpVst ? d_i : a_i, step_q[3:0]};
    if (is_gather) raddr_a = {a_i, idx[4:1]};
    if (op_i == OpVout) raddr_a = {d_i, step_q[4:1]};
  end

  // stage 1: compute (a gather reads again)
  logic valid1_q, valid2_q, valid3_q;
  logic [4:0] pos1_q, pos2_q, pos3_q;  // beat, or lane of a gather
  logic [63:0] shifted_d, shifted_q, other_d, other_q;
  logic [1:0] cmp_d, cmp_q, bits;
  logic [31:0] mask, mask_q;
  logic idx_odd_q, idx_none_q;
  logic [31:0] gather_index, gathered;

  assign gather_index = pos1_q[0] ? rdata_b[63:32] : rdata_b[31:0];
  assign idx          = gather_index[4:0];
  logic unused_index;
  assign unused_index = ^gather_index[30:5];
  assign gathered     = idx_none_q ? '0 : idx_odd_q ? rdata_a[63:32] : rdata_a[31:0];

  // One adder, one shifter and one gate for all operations of a lane, and results gated and joined: in look-up tables of
  // four inputs a choice of ten words is larger than all that makes them. What was shifted is joined a clock later,
  // since a shift of what block RAM gives fills a clock.
  logic is_copy, is_and, is_or, is_sum, is_subtract, is_left, is_right, is_load, is_set;
  assign is_subtract = op_i inside {OpVsub, OpVlt};
  assign is_sum      = op_i inside {OpVadd, OpVsub};
  assign is_left     = op_i == OpVshl;
  assign is_right    = op_i == OpVshr;
  assign is_and      = op_i == OpVand;
  assign is_or       = op_i == OpVor;
  assign is_load     = op_i == OpVld;
  assign is_set      = op_i == OpVset;
  assign is_copy     = op_i == OpVst;

  function automatic logic [31:0] reversed(logic [31:0] word);
    for (int i = 0; i < 32; i++) reversed[i] = word[31-i];
  endfunction

  for (genvar l = 0; l < 2; l++) begin : gen_lane
    logic [31:0] a, b, shifted, logical;
    logic [32:0] sum;
    logic unused_carry;
    assign a = rdata_a[32*l+:32];
    assign b = rdata_b[32*l+:32];
    // of 33 bits, so that its sign is that of the difference whatever overflows
    assign {sum, unused_carry} = {a[31], a, 1'b1} + {{b[31], b} ^ {33{is_subtract}}, is_subtract};
    // to the left is to the right from the other end
    assign shifted = (is_left ? reversed(a) : a) >> imm_i[4:0];
    assign logical = (a & {32{is_copy || is_or}}) | (b & {32{is_or}}) | (a & b & {32{is_and}});
    assign shifted_d[32*l+:32] = shifted;
    assign other_d[32*l+:32] = logical | (sum[31:0] & {32{is_sum}}) | (gathered & {32{is_gather}}) |
        (mem_rdata_i[32*l+:32] & {32{is_load}}) | ({16'h0, scalar_i} & {32{is_set}});
    assign cmp_d[l] = op_i == OpVlt ? sum[32] : a == b;
  end

  always_ff @(posedge clk_i) begin
    pos1_q     <= step_q[4:0];
    pos2_q     <= pos1_q;
    pos3_q     <= pos2_q;
    shifted_q  <= shifted_d;
    other_q    <= other_d;
    idx_odd_q  <= idx[0];
    idx_none_q <= gather_index[31];
    cmp_q      <= cmp_d;
    mask_q     <= mask;
    if (!rst_ni || abort_i) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
      valid3_q <= 1'b0;
    end else begin
      valid1_q <= in_lanes;
      valid2_q <= valid1_q;
      valid3_q <= valid2_q && is_gather;
    end
  end

  // stage 2 (3 of a gather): write
  logic [63:0] result;
  for (genvar l = 0; l < 2; l++) begin : gen_result
    logic [31:0] right, left;
    assign right = shifted_q[32*l+:32] & {32{is_right}};
    assign left = reversed(shifted_q[32*l+:32]) & {32{is_left}};
    assign result[32*l+:32] = other_q[32*l+:32] | right | left;
  end

  logic is_to_memory, is_to_mask;
  assign is_to_memory = op_i == OpVst;
  assign is_to_mask   = op_i == OpVlt || op_i == OpVeq || op_i == OpVbit;
  // a bit is what a shift leaves at the right
  assign bits         = op_i == OpVbit ? {shifted_q[32], shifted_q[0]} : cmp_q;
  assign mask         = valid2_q ? {bits, mask_q[31:2]} : mask_q;
  assign mask_o       = mask & pred_i;

  always_comb begin
    we    = 2'b00;
    waddr = {d_i, pos2_q[3:0]};
    wdata = result;
    if (state_q == StFill) begin
      we = {2{fill_valid}};
      waddr = {d_i, step_q[3:0]};
      wdata = op_i == OpVin ? vin_data_i :
          {{16{sense_data_i[31]}}, sense_data_i[31:16], {16{sense_data_i[15]}}, sense_data_i[15:0]};
    end else if (is_gather) begin
      we[pos3_q[0]] = valid3_q && pred_i[pos3_q];
      waddr         = {d_i, pos3_q[4:1]};
    end else if (!is_to_memory && !is_to_mask) begin
      we = {2{valid2_q}} & pred_i[{pos2_q[3:0], 1'b0}+:2];
    end
  end

  // the memory is read in stage 0 and written in stage 2
  logic [7:0] mem_vector;
  assign mem_vector  = scalar_i[7:0] + imm_i;
  assign mem_addr_o  = {mem_vector, is_to_memory ? pos2_q[3:0] : step_q[3:0]};
  assign mem_we_o    = is_to_memory ? {2{valid2_q}} & pred_i[{pos2_q[3:0], 1'b0}+:2] : 2'b00;
  assign mem_wdata_o = result;

  // vout: a word is on offer once its read has come back
  always_ff @(posedge clk_i) begin
    drain_ready_q <= rst_ni && state_q == StDrain && !(vout_valid_o && vout_ready_i);
  end
  assign vout_valid_o = state_q == StDrain && drain_ready_q && out_count != '0;
  assign vout_data_o  = step_q[0] ? rdata_a[63:32] : rdata_a[31:0];
endmodule
