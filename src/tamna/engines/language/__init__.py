"""Language without a language model: Hangul, the Jeju dialect (제주어)."""
