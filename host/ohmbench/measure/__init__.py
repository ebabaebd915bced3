"""The bench measured: speed, link, wires, inference, defects."""
