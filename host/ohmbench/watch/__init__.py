"""A page of this machine that shows what a run in the lab's record is doing, while it does it."""
