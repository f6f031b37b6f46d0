from idp.pages import *  # noqa: F403
