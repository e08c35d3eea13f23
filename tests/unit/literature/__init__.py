"""Literature: words, sentences, files, the local index, and the questions that may leave."""
