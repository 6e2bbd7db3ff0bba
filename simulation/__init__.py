"""The demo company: writes extracts and their answer key; knows nothing of the warehouse."""

from simulation.simulator import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]
