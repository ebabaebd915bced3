"""Bench for a 32x32 ReRAM crossbar array: network in, programmed and measured array out."""
