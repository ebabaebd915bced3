"""Experiments on chosen cells, one file each; `loop` runs them all, `registry` finds them."""
