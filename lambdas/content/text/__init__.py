"""What a post's text says: its normalisation, its features and its model."""
