"""The dashboard: Streamlit pages that show what a run published."""
