"""Customer lifetime value: how often customers buy, how much they spend, what that is worth."""
