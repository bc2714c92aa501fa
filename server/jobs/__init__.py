"""Jobs: their events, their records, the queue."""
