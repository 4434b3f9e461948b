"""A line into another language, verified (번역과 검증): sentences of the counter exactly, the rest kept, its terms beside it, and flagged.

Input: lines of text. Output: JSON lines {source, target, terms:[{term,expected,found}], numbers_ok, flagged, reasons}. A translation is a sentence of the
phrase book with its slots, or it is none: then the target is the source with each term's right word behind it, flagged not_translated.
--glossary FILE: CSV ko,en,zh_hans,ja (a cell may hold further right words after ";"); without it, the terms that come with Tamna. --model URL: an
OpenAI-compatible server is asked for what the book does not have; an answer that loses a term, a number, a unit, a date, a time or a denial is
not shown. Reasons: not_translated, term_missing, numbers_differ, negation_differs, not_the_language, model_unreachable. --explain adds `parts`.

Example:
  echo "접수증을 보여 주세요." | tamna translate --from ko --to en
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from tamna.commands.streams import BadInput, common_arguments, dump, opened, report, text_lines, written

LANGUAGES = {
    "ko": "ko",
    "kr": "ko",
    "en": "en",
    "zh": "zh",
    "zh-hans": "zh",
    "zh_hans": "zh",
    "zh-cn": "zh",
    "cn": "zh",
    "ja": "ja",
    "jp": "ja",
}
NAMES = {"ko": "Korean", "en": "English", "zh": "Simplified Chinese", "ja": "Japanese"}


def arguments(parser: argparse.ArgumentParser) -> None:
    common_arguments(parser, explain=True)
    parser.add_argument(
        "--from", dest="source", type=_language, default="ko", metavar="LANG", help="ko, en, zh or ja (default: ko)"
    )
    parser.add_argument("--to", dest="target", type=_language, required=True, metavar="LANG", help="en, zh, ja or ko")
    parser.add_argument("--glossary", metavar="FILE", help="CSV with columns ko,en,zh_hans,ja")
    parser.add_argument("--model", metavar="URL", help="an OpenAI-compatible server, for example http://host:8000/v1")
    parser.add_argument("--model-name", default="", metavar="NAME", help="default: the server's first")


def run(args: argparse.Namespace) -> int:
    from tamna.engines.errors import InputError
    from tamna.engines.language.translation import read, translate

    glossary = None
    if args.glossary:
        from tamna.commands.tables import read_table

        try:
            glossary = read(
                read_table(args.glossary, "csv" if args.glossary == "-" else None).frame.iter_rows(named=True)
            )
        except InputError as error:
            raise BadInput(error.code, error.message, field=error.field, hint=error.hint) from error
    model = Server(args.model, args.model_name) if args.model else None
    with opened(args.file) as text, written(args.out) as out:
        for line in text_lines(text):
            ask = model.ask if model and not model.failed else None
            found = translate(line, source=args.source, target=args.target, glossary=glossary, model=ask)
            reasons = [*found.reasons, *(["model_unreachable"] if model and model.failed and found.flagged else [])]
            answer = found.as_json() | {"reasons": reasons}
            if args.explain:
                answer["parts"] = [{"source": each.source, "target": each.target, "by": each.by, "phrase": each.phrase, "wrong": list(each.wrong)} for each in found.parts]  # fmt: skip
            dump(answer, out)
    return 0


class Server:
    """Asks an OpenAI-compatible server; once it cannot be reached it is not asked again."""

    def __init__(self, url: str, name: str) -> None:
        import httpx

        self.client = httpx.Client(base_url=url.rstrip("/") + "/", timeout=60.0)
        self.name, self.failed = name, False

    def ask(self, sentence: str, source: str, target: str, terms: Sequence[tuple[str, str]]) -> str:
        """The sentence in the other language, or nothing."""
        wanted = "; ".join(f"{here} = {there}" for here, there in terms)
        order = (
            f"Translate one sentence from {NAMES[source]} to {NAMES[target]} for a hospital's front desk. Keep every number, unit, date, time and denial. "
            f"Use exactly these terms: {wanted or 'none'}. Answer with the translation alone."
        )
        said = self._reached(lambda: self._answer(order, sentence))
        return said if isinstance(said, str) else ""

    def _answer(self, order: str, sentence: str) -> Any:
        if not self.name:
            self.name = str(self.client.get("models").raise_for_status().json()["data"][0]["id"])
        messages = [{"role": "system", "content": order}, {"role": "user", "content": sentence}]
        body = {"model": self.name, "messages": messages, "temperature": 0, "max_tokens": 512}
        content = (
            self.client.post("chat/completions", json=body)
            .raise_for_status()
            .json()["choices"][0]["message"]["content"]
        )
        return str(content).rsplit("</think>", 1)[-1].strip()

    def _reached(self, call: Callable[[], Any]) -> Any:
        import httpx

        try:
            return call()
        except (httpx.HTTPError, KeyError, IndexError, TypeError, ValueError) as error:
            self.failed = True
            report(BadInput("model_unreachable", f"the model does not answer ({type(error).__name__})", field="--model", hint="what the phrase book does not have is kept and flagged"))  # fmt: skip
            return ""


def _language(text: str) -> str:
    found = LANGUAGES.get(text.lower())
    if not found:
        raise argparse.ArgumentTypeError("ko, en, zh or ja")
    return found
