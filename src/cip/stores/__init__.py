"""Where things stay: the lake, the records, published runs and model artefacts."""
