"""Read the user's files in bounded memory."""
