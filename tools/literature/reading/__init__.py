"""Reading files as literature: PubMed XML, JSONL, Markdown, text and PDF."""
