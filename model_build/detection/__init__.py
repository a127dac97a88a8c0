"""Models that find a rare yes among many noes: fraud among transactions."""
