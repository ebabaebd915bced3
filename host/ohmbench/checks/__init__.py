"""What a bench finds out about its carrier, without a pulse."""
