"""Fire drills: a dependency breaks for real, and what users, people on call and the log saw of it."""
