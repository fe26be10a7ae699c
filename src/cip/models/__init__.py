"""Pure models: arrays in, predictions out; no input or output, no engine."""
