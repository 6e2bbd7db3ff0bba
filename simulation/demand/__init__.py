"""What comes before deals: leads, and how they are answered."""
