"""Contains WHAT A BROWSER SENDS AND SEES: cookies, forms, headers, errors, words. Not here: a page of its own."""
