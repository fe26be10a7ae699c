"""Pure decisions: what a score and a value propose to do, for whom first."""
