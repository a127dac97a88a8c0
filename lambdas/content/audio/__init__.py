"""The sound of a post: decoded, listened to, and its speech written down."""
