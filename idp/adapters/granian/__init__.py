"""Contains the web server: requests as granian hands them over, and its worker processes. Not here: any endpoint."""
