"""The lab's record: arrays, their wear, runs and what became of each cell, in one SQLite file."""
