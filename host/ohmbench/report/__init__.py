"""Pictures of results: self-contained HTML pages that open offline."""
