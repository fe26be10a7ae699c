"""One module a page of the dashboard.

Not called `pages`: Streamlit would take a folder of that name for pages of its own making.
"""
