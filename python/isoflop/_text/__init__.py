"""Words and numbers as people write them: read, spelt, formatted; nothing here knows a law or a sweep."""
