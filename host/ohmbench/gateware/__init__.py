"""FPGA boards and their bitstreams."""
