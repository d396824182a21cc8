"""From a recording to a master: each step is a module that is readable on its own."""
