"""WHAT IS STILL DUE: the record of one authorization request and the one function that names the next stop."""
