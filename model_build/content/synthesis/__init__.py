"""How synthetic posts are made."""
