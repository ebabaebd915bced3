"""Sweeps: many settings of network, compression, programming and device, each a point, kept in one file of results."""
