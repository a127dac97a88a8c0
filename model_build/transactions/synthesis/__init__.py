"""The parts of the synthetic transaction stream."""
