"""Thin commands: parse, call one function, hand the result to the console."""
