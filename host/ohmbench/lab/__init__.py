"""What a command is about: settings, port, array in the socket, carrier, supply."""
