"""Stages that turn a trained network into integers and, later, into fewer cells."""
