"""What people read of a home: summaries, status, scorecard, findings."""
