"""One connected rung: a board or the simulator over the link, or the twin."""
