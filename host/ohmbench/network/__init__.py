"""Networks in floating point, and the data that they are trained on."""
