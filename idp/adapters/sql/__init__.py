"""Contains the SQL schema, its engine, one repository a file. Not here: a rule about accounts (`accounts`)."""
