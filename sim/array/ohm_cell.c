#include "ohm_cell.h"

#include <math.h>

double ohm_cell_bounded(const ohm_params_t *p, double g)
{
    if (!(g > p->g_low_usiemens)) return p->g_low_usiemens;
    return g < p->g_high_usiemens ? g : p->g_high_usiemens;
}

double ohm_cell_set(const ohm_params_t *p, double g, double line_v, double gate_v, double width_us, ohm_spread_t s)
{
    double v = gate_v - s.gate_v, by_gate, by_line, d, q;

    if (v <= p->set_gate_threshold_v - p->set_gate_decade_v * log10(width_us)) return g;
    if (line_v <= p->set_line_threshold_v) return g;
    by_gate = p->set_r_inf_usiemens - p->set_r_a_usiemens * exp(-(v - 1.5) / p->set_v_a_v);
    by_line = p->set_b_inf_usiemens - p->set_b_a_usiemens * exp(-(line_v - 0.8) / p->set_v_b_v);
    d = ohm_cell_bounded(p, (by_gate < by_line ? by_gate : by_line) * (1.0 + s.set)) - g;
    if (!(d > 0.0)) return g;
    q = p->set_rate * d * width_us;
    return ohm_cell_bounded(p, g + d * (1.0 - 1.0 / (1.0 + q)));
}

double ohm_cell_reset(const ohm_params_t *p, double g, double line_v, double gate_v, double width_us, ohm_spread_t s)
{
    double through = gate_v - p->transistor_on_v, d, q;

    if (through < line_v) line_v = through;
    if (line_v <= p->reset_line_threshold_v) return g;
    d = p->reset_g_min_usiemens + p->reset_g_b_usiemens * exp(-(line_v - 0.9) / p->reset_v_r_v);
    d = g - ohm_cell_bounded(p, d * exp(s.reset_ln));
    if (!(d > 0.0)) return g;
    q = p->reset_rate * d * width_us;
    return ohm_cell_bounded(p, g - d * (1.0 - 1.0 / (1.0 + q)));
}

double ohm_cell_relaxed(const ohm_params_t *p, double g, double z, double seconds)
{
    double decades = log10(seconds);
    double mean = p->relax_mean_usiemens + p->relax_mean_decade_usiemens * decades;
    double variance = p->relax_var_usiemens2 + p->relax_var_decade_usiemens2 * decades;

    if (!(mean < 0.0)) mean = 0.0;
    if (!(variance > 0.0)) variance = 0.0;
    return ohm_cell_bounded(p, g + p->relax_scale * (mean + sqrt(variance) * z));
}

double ohm_cell_relax_onset(const ohm_params_t *p)
{
    double mean = HUGE_VAL, variance = HUGE_VAL, decades;

    if (p->relax_scale == 0.0) return HUGE_VAL;
    if (p->relax_var_decade_usiemens2 > 0.0)
        variance = -p->relax_var_usiemens2 / p->relax_var_decade_usiemens2;
    else if (p->relax_var_usiemens2 > 0.0)
        variance = -HUGE_VAL;
    if (p->relax_mean_decade_usiemens < 0.0)
        mean = -p->relax_mean_usiemens / p->relax_mean_decade_usiemens;
    else if (p->relax_mean_decade_usiemens > 0.0 || p->relax_mean_usiemens < 0.0)
        mean = -HUGE_VAL;
    decades = mean < variance ? mean : variance;
    return pow(10.0, decades);
}

double ohm_cell_tail(const ohm_params_t *p, double n1, double n2)
{
    double s = p->relax_tail_ln;
    return n1 * exp(s * (n2 - s));
}

double ohm_cell_read_volts(const ohm_params_t *p, double v)
{
    double nl = p->read_nonlinearity_v, x, ref;

    if (nl == 0.0) return v;
    x = v / nl;
    ref = p->read_reference_v / nl;
    return v * ((1.0 + x * x / 6.0) / (1.0 + ref * ref / 6.0));
}

double ohm_cell_read_variance(const ohm_params_t *p, double g, double transfer)
{
    double relative = p->read_noise_relative * transfer;
    double fixed = g > 0.0 ? p->read_noise_usiemens * 1e-6 * (transfer / g) : 0.0;
    return relative * relative + fixed * fixed;
}
