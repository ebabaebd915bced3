"""A mapped network on inputs: in exact integers, and through an array."""
