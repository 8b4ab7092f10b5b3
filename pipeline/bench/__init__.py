"""Measurements of the product itself: enlarged databases, cost against time, false claims of the latency protocol."""
