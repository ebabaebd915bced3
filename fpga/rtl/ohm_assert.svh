// Assertions that simulation checks, formal tools prove and synthesis does not see.
//
//   `OHM_ASSERT(NeverBoth_A, !(set_en_o && reset_en_o))
//   `OHM_ASSERT(OffInReset_A, rst_ni || !set_en_o, clk_i, 1'b0)   // also while in reset
//
// A property is an expression without sequences, since the open formal frontends take immediate assertions only;
// it is looked at before each rising edge. Names end in _A, those of covers in _C.

`ifndef OHM_ASSERT_SVH
`define OHM_ASSERT_SVH

`ifdef FORMAL
`define OHM_ASSERT(name_, prop_, clk_ = clk_i, rst_ = !rst_ni) \
  always_ff @(posedge clk_) if (!(rst_)) name_ : assert (prop_);
`define OHM_COVER(name_, prop_, clk_ = clk_i, rst_ = !rst_ni) \
  always_ff @(posedge clk_) if (!(rst_)) name_ : cover (prop_);
`elsif VERILATOR
`define OHM_ASSERT(name_, prop_, clk_ = clk_i, rst_ = !rst_ni) \
  name_ : assert property (@(posedge clk_) disable iff (rst_) (prop_)) else $error("%m");
`define OHM_COVER(name_, prop_, clk_ = clk_i, rst_ = !rst_ni) \
  name_ : cover property (@(posedge clk_) disable iff (rst_) (prop_));
`else
`define OHM_ASSERT(name_, prop_, clk_ = clk_i, rst_ = !rst_ni)
`define OHM_COVER(name_, prop_, clk_ = clk_i, rst_ = !rst_ni)
`endif

`define OHM_ASSERT_NEVER(name_, prop_, clk_ = clk_i, rst_ = !rst_ni) \
  `OHM_ASSERT(name_, !(prop_), clk_, rst_)

`endif
