"""Bench instruments through PyVISA, with PyMeasure's drivers: power supplies, multimeters, source-measure units."""
