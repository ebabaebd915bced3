"""Algorithms that program the cells of an array: plug-ins, ours among them."""
