"""The review pages: server-rendered, plain HTML that works without JavaScript."""
