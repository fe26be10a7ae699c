"""Churn candidates: how likely a customer is to leave within the horizon, and why."""
