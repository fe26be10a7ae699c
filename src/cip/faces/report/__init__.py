"""Reports as single files: they open anywhere, and load nothing from anywhere."""
