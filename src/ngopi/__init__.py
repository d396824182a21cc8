"""From a recording to a podcast feed."""
