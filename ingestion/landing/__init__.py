"""Landing: from the files of one night to rows of raw and of quarantine."""
