// Stands for ohm_spi_adc in the proof of the pulse pins: a converter that is ready, or not, as it likes.

module ohm_spi_adc_model #(
    parameter int unsigned Channels = ohm_carrier_pkg::Columns
) (
    input  logic                clk_i,
    input  logic                rst_ni,
    input  logic                safe_i,
    input  logic                start_i,
    output logic                ready_o,
    output logic                data_valid_o,
    input  logic                data_ready_i,
    output logic [        31:0] data_o,
    output logic                adc_cnv_no,
    output logic                adc_sck_o,
    input  logic [Channels-1:0] adc_sdo_i
);
  ohm_any #(.Width(36)) u_any (.value_o({ready_o, data_valid_o, data_o, adc_cnv_no, adc_sck_o}));
endmodule
