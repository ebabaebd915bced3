"""The counterpart of a board: array, carrier and line in simulation."""
