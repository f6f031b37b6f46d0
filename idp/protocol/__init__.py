"""THE OIDC ENDPOINTS: the only room that imports pyop and oic. It decides no page and stores nothing itself."""
