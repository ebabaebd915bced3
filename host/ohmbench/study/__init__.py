"""A network trained, and compressed by one method at one budget: what tables and sweeps are made of."""
