"""A simulated movie-streaming service whose truth is known; see `simulate`."""
