"""From ready statements to batches, files, receipts and corrections (청구서 작성·제출·보완)."""
