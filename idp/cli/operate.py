"""Contains the faults that every command tells in a line. Not here: a command."""

from idp.adapters.sql.database import UnsupportedDatabase
from idp.cli.whom import SeveralMeant
from idp.wiring.operator_errors import INSTALLATION_ERRORS

#: Faults that an operator can repair by their message, without a stack trace.
OPERATOR_ERRORS = (*INSTALLATION_ERRORS, SeveralMeant)

#: The variable to change, where the fault does not know it: exit status 2.
SETTING_AT_FAULT = {UnsupportedDatabase: "DATABASE"}
