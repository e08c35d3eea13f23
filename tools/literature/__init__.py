"""Literature: a local index, PubMed and Europe PMC behind one interface; passages cited by id and sentence."""
