"""Jeju dialect to standard Korean (제주어 → 표준어), word by word.

Input: lines of text. Output: JSON lines {input, standard, words:[{from,to,meaning,confidence}], kept, doubts}: `kept` are
words that no table knows and that stay as they were; `doubts` says that a number or a negation may have been lost.

Example:
  echo "베가 아판 왓수다." | tamna dialect
"""

import argparse

from tamna.commands.streams import common_arguments, dump, opened, text_lines, written


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from tamna.engines.language.dialect import to_standard

    with opened(args.file) as text, written(args.out) as out:
        for line in text_lines(text):
            found = to_standard(line)
            dump(
                {
                    "input": found.said, "standard": found.standard, "words": [word.as_json() for word in found.words],
                    "kept": list(found.kept), "doubts": list(found.doubts),
                },
                out,
            )  # fmt: skip
    return 0
