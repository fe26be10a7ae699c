"""Contract tests for those who bring a part of their own; nothing that ships imports them."""
