"""What the synthesized app costs a month at a given traffic, line by line."""
