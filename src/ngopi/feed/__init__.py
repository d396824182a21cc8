"""Feeds: made by build.py, judged by check.py, which share no code."""
