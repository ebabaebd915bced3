"""What the command line calls, and any other program can: each returns a result that prints and serialises."""
