"""Which card: reading a CPx certificate and deciding whether it may sign in.

Contains the CPx fields, the national identifiers, the pinned trust path, the nomenclatures and the revocation port; the
port to a workstation's card reader and what a help desk is told. Not here: Flask, sockets, SQL, the present time (`now`
is passed in), the environment.
"""
