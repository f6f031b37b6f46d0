"""THE PAGES, one file per stop. A flow records facts and returns to the hub; no flow knows another."""
