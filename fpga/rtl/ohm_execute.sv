// Executes the numbered frames from the host, in order: a frame is checked whole before its first item (an
// instruction word, a beat of two lanes, an argument) is acted upon.
//
// A run waits here until the program before it has ended, and with it all frames behind it. A vector frame whose
// program ends before it has taken all of it is answered by no_consumer. The divisor register is the link's
// and never shown to the guard.

module ohm_execute (
    input logic clk_i,
    input logic rst_ni,
    input logic clear_i,  // hello: drop all, an answer in the middle too
    input logic abort_i,  // drop the frame; an answer begun is finished

    input  logic       rx_valid_i,
    output logic       rx_ready_o,
    input  logic [7:0] rx_data_i,
    input  logic       rx_last_i,
    input  logic [8:0] rx_length_i,

    output logic       tx_valid_o,
    input  logic       tx_ready_i,
    output logic [7:0] tx_data_o,
    output logic       tx_last_o,

    output logic        prog_we_o,
    output logic [ 9:0] prog_addr_o,
    output logic [31:0] prog_data_o,

    output logic        mem_en_o,
    output logic        mem_we_o,
    output logic [11:0] mem_addr_o,
    output logic [63:0] mem_wdata_o,
    input  logic [63:0] mem_rdata_i,

    output logic        reg_valid_o,
    output logic [ 7:0] reg_addr_o,
    output logic [31:0] reg_data_o,
    input  logic        reg_refused_i,
    output logic        baud_valid_o,
    output logic [11:0] baud_div_o,

    output logic        run_valid_o,
    input  logic        run_ready_i,
    output logic [ 9:0] run_entry_o,
    output logic [ 1:0] result_bytes_o,  // of the program started last: 2, 3, or 0 for 4
    output logic        arg_we_o,
    output logic [ 3:0] arg_index_o,
    output logic [15:0] arg_data_o,
    input  logic        running_i,       // until the end of the program is told
    input  logic        consumer_i,      // a program runs and may take vectors

    output logic        vin_valid_o,
    input  logic        vin_ready_i,
    output logic [63:0] vin_data_o
);
  import ohm_link_pkg::*;

  localparam logic [15:0] BaudRegister = 16'(ohm_guard_pkg::RegBaudDivisor);
  localparam logic [31:0] MostDivisor = 32'(ohm_carrier_pkg::ClockHz / (3 * DefaultBaud));

  typedef enum logic [3:0] {
    StHead,
    StCheck,
    StCollect,  // bytes of an item
    StItem,     // act on it
    StArgs,     // zeros for the arguments not given
    StRun,
    StDrain,    // the rest of a refused frame
    StError,
    StAnswer,   // until error or data frames have gone
    StPad       // complete a vector that hello cut short
  } state_e;

  state_e state_q, state_d;
  logic [7:0] type_q, seq_q;
  logic [15:0] arg_q;  // counts up while memory is written
  logic [ 8:0] length_q;
  logic [63:0] shift_q;  // the item's bytes, at the upper end
  logic [3:0] bytes_q, item_bytes;
  logic [4:0] index_q;  // byte of the head, beat, argument
  logic more_q;  // bytes of the frame are to come
  error_e error_q, error;
  logic first;  // clock in StCheck or StItem
  logic [1:0] held_q;
  logic is_checked, is_error_q, is_refused_q;
  logic is_error, is_baud, is_refused, is_cut, is_answering, read_valid;
  logic take, act, vin_fire, is_item_beat_last, answer_en;
  logic [11:0] answer_addr;

  // the check takes two clocks, a register's answer comes in the second: they are too long for what hangs on them
  assign first      = !held_q[0];
  assign is_checked = held_q == '1;
  ohm_frame_check u_check (
      .clk_i,
      .type_i(type_q),
      .arg_i(arg_q),
      .length_i(length_q),
      .has_count_i(state_q == StItem),
      .count_i(shift_q[63:48]),
      .running_i(running_i),
      .consumer_i(consumer_i),
      .is_error_o(is_error),
      .error_o(error),
      .item_bytes_o(item_bytes)
  );

  assign take = rx_valid_i && rx_ready_o;
  assign vin_fire = vin_valid_o && vin_ready_i;
  // a byte of small elements is an item of several beats
  assign is_item_beat_last = !(arg_q[0] && index_q[1:0] != '1) && !(arg_q[1] && !index_q[0]);
  assign act = state_q == StItem && !abort_i && !clear_i;
  assign is_baud = arg_q == BaudRegister;
  // A divisor is 0, or 4 or more. At less than three times the default rate a zero byte at that is no break, by which a
  // host that has lost the rate finds the FPGA again.
  assign is_refused   = is_baud ? shift_q[63:32] > MostDivisor || shift_q[63:32] inside {[1 : 3]} :
                                  reg_refused_i;
  // a vector that the program has begun to take must not shift all that follow
  assign is_cut       = consumer_i && type_q == FrameVector && index_q[3:0] != '0 &&
                        state_q inside {StCollect, StItem, StPad};

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      StHead:    if (take && index_q == 5'd3) state_d = StCheck;
      StCheck:
      if (is_checked) begin
        if (is_error_q) state_d = more_q ? StDrain : StError;
        else if (type_q != FrameRun) state_d = StCollect;
        else if (!running_i) state_d = more_q ? StCollect : StArgs;
      end
      StCollect: if (take && bytes_q + 4'd1 == item_bytes) state_d = StItem;
      StItem: begin
        state_d = more_q ? StCollect : StHead;
        unique case (type_q)
          FrameRead: state_d = !is_checked ? StItem : is_error_q ? StError : StAnswer;
          FrameRun:  if (!more_q) state_d = index_q == 5'd15 ? StRun : StArgs;
          FrameRegister: begin
            if (first) state_d = StItem;
            else if (is_refused_q) state_d = StError;
          end
          FrameVector: begin
            if (!consumer_i) state_d = more_q ? StDrain : StError;
            else if (!vin_fire || !is_item_beat_last) state_d = StItem;
          end
          default:   ;
        endcase
      end
      StArgs:    if (index_q == 5'd15) state_d = StRun;
      StRun:     if (run_ready_i) state_d = StHead;
      StDrain:   if (take && rx_last_i) state_d = StError;
      StError:   state_d = StAnswer;
      StAnswer:  if (!is_answering) state_d = StHead;
      StPad:     if (!consumer_i || (vin_fire && index_q == 5'd15)) state_d = StHead;
      default:   state_d = StHead;
    endcase
    if (clear_i) state_d = is_cut ? StPad : StHead;
    else if (abort_i && state_q != StAnswer) state_d = StHead;
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) state_q <= StHead;
    else state_q <= state_d;
    held_q <= {held_q[0] && state_q inside {StCheck, StItem}, state_q inside {StCheck, StItem}};
    is_error_q <= is_error;
    is_refused_q <= is_refused;
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      more_q  <= !rx_last_i;
      shift_q <= {rx_data_i, shift_q[63:8]};
      bytes_q <= bytes_q + 4'd1;
    end
    unique case (state_q)
      StHead:
      if (take) begin
        index_q  <= index_q + 5'd1;
        length_q <= rx_length_i;
        unique case (index_q[1:0])
          2'd0: type_q <= rx_data_i;
          2'd1: seq_q <= rx_data_i;
          2'd2: arg_q[7:0] <= rx_data_i;
          default: arg_q[15:8] <= rx_data_i;
        endcase
      end
      StCheck: begin
        index_q <= '0;
        bytes_q <= '0;
        error_q <= error;
      end
      StItem: begin
        bytes_q <= '0;
        error_q <= type_q == FrameRegister ? ErrorRefused : error;
        unique case (type_q)
          FrameProgram: arg_q <= arg_q + 16'd1;
          FrameImage: begin
            index_q[3:0] <= index_q[3:0] + 4'd1;
            if (index_q[3:0] == '1) arg_q <= arg_q + 16'd1;
          end
          FrameRun: index_q <= index_q + 5'd1;
          FrameVector:
          if (vin_fire) begin
            index_q[3:0]   <= index_q[3:0] + 4'd1;
            shift_q[63:56] <= arg_q[0] ? shift_q[63:56] >> 2 : shift_q[63:56] >> 4;
          end
          default: ;
        endcase
      end
      StArgs:  index_q <= index_q + 5'd1;
      StPad:   if (vin_fire) index_q <= index_q + 5'd1;
      default: ;
    endcase
    if (!rst_ni || (state_d == StHead && (state_q != StHead || abort_i || clear_i))) index_q <= '0;
  end

  assign rx_ready_o = state_q inside {StHead, StCollect, StDrain};

  assign prog_we_o = act && type_q == FrameProgram;
  assign prog_addr_o = arg_q[9:0];
  assign prog_data_o = shift_q[63:32];

  assign mem_we_o = act && type_q == FrameImage;
  assign mem_en_o = mem_we_o || answer_en;
  assign mem_addr_o = answer_en ? answer_addr : {arg_q[7:0], index_q[3:0]};
  assign mem_wdata_o = shift_q;

  assign reg_valid_o = act && type_q == FrameRegister && !is_baud && first;
  assign reg_addr_o = arg_q[7:0];
  assign reg_data_o = shift_q[63:32];
  assign baud_valid_o = act && type_q == FrameRegister && is_baud && first && !is_refused;
  assign baud_div_o = shift_q[43:32];

  assign run_valid_o = state_q == StRun && !abort_i && !clear_i;
  run_arg_t run_arg;
  logic unused_entry;
  assign run_arg = run_arg_t'(arg_q[13:0]);
  assign run_entry_o = run_arg.entry[9:0];
  assign unused_entry = ^run_arg.entry[11:10];  // checked
  always_ff @(posedge clk_i) begin
    if (!rst_ni) result_bytes_o <= '0;
    else if (run_valid_o && run_ready_i) result_bytes_o <= run_arg.result_bytes;
  end
  assign arg_we_o = state_q == StArgs || (act && type_q == FrameRun);
  assign arg_index_o = index_q[3:0];
  assign arg_data_o = state_q == StArgs ? '0 : shift_q[63:48];

  assign vin_valid_o  = ((act && type_q == FrameVector) || (state_q == StPad && !clear_i)) &&
                        consumer_i;
  logic [7:0] element_byte;
  assign element_byte = shift_q[63:56];
  always_comb begin
    vin_data_o = '0;
    if (state_q != StPad) begin
      unique case (arg_q[4:0])
        5'd1: {vin_data_o[39], vin_data_o[7]} = element_byte[1:0];
        5'd2: {vin_data_o[39:38], vin_data_o[7:6]} = element_byte[3:0];
        5'd4: {vin_data_o[39:36], vin_data_o[7:4]} = element_byte;
        5'd8: {vin_data_o[39:32], vin_data_o[7:0]} = shift_q[63:48];
        default: {vin_data_o[47:32], vin_data_o[15:0]} = shift_q[63:32];
      endcase
    end
  end

  assign read_valid = act && type_q == FrameRead && is_checked && !is_error_q;
  ohm_answer u_answer (
      .clk_i,
      .rst_ni,
      .clear_i,
      .abort_i,
      .error_valid_i(state_q == StError && !abort_i && !clear_i),
      .error_i(error_q),
      .type_i(type_q),
      .seq_i(seq_q),
      .arg_i(arg_q),
      .read_valid_i(read_valid),
      .count_i(shift_q[56:48]),
      .busy_o(is_answering),
      .mem_en_o(answer_en),
      .mem_addr_o(answer_addr),
      .mem_rdata_i,
      .tx_valid_o,
      .tx_ready_i,
      .tx_data_o,
      .tx_last_o
  );
endmodule
