"""Stages that turn a trained network into integers, and these into fewer cells."""
