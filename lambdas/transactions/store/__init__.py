"""The feature store: profiles of cards and risks of terminals, as versioned bytes."""
