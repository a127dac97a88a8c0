"""The function that CloudWatch does not need and the laptop does."""
