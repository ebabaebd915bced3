"""From a compressed network to 32x32 weight images."""
