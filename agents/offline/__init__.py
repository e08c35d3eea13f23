"""The offline reasoner: rules and templates, no model. Every page of it says so."""
