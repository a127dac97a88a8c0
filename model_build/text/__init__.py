"""Linear models of text, shared by the services that read it."""
