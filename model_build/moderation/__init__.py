"""Models that say of several policies whether a post breaks them, each its own yes or no."""
