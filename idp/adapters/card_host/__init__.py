"""Contains the card host: its two listeners and its one application. Not here: a judgement on a card."""
