"""The carrier between the FPGA and the array: its lines, gains and calibration."""
