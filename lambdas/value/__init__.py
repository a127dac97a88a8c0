"""What the decisions of each service are worth, in money and hours."""
