"""How a person proves who they are: OpenID Connect and SMART App Launch, by the authorization code with PKCE."""
