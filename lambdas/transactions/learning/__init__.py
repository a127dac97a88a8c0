"""The one writer behind the label queue: terminal risk, and a meta-model that follows the labels."""
