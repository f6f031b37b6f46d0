"""`idp notice …`: what every page says for a time. Not here: how pages get it (`web/announcements`)."""
