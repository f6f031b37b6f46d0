"""`idp charter …`: the terms of use. Not here: who accepted them, one by one (`cli/accounts`)."""
