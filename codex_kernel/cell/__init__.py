"""A cell: its text on the way in, what is shown of its turn on the way out."""
