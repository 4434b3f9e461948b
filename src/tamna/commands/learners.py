"""The frame of every learner's verb: fit DATA --model DIR, predict DATA --model DIR, evaluate DATA --model DIR or --backtest."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tamna.commands.streams import BadInput, common_arguments, dump, written

ACTIONS = ("fit", "predict", "evaluate")


def actions(parser: argparse.ArgumentParser, description: str | None) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The three actions with what all of them take; a verb adds its own."""
    found = parser.add_subparsers(dest="action", required=True, metavar="|".join(ACTIONS))
    for name in ACTIONS:
        action = found.add_parser(name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        common_arguments(action, explain=name == "predict")
        action.add_argument("--model", type=Path, metavar="DIR", required=name != "evaluate", help="the model folder")
        yield name, action


def origins_argument(action: argparse.ArgumentParser, default: int) -> None:
    action.add_argument(
        "--origins", type=_some, default=default, metavar="K", help=f"stretches to judge (default: {default})"
    )


def backtest_argument(action: argparse.ArgumentParser, words: str) -> None:
    action.add_argument("--backtest", action="store_true", help=words)


def act(args: argparse.Namespace, do: Mapping[str, Callable[[argparse.Namespace, Any], int]], read: Callable[[], Any]) -> int:  # fmt: skip
    """Check what can be checked before anything is read or learnt, read, and do it. Raises BadInput."""
    from tamna.engines.errors import InputError
    from tamna.engines.learning import folder

    try:
        if args.action == "evaluate" and not args.model and not args.backtest:
            raise BadInput("no_model", "nothing to evaluate", field="--model", hint="give --model DIR, or --backtest")
        if args.action == "fit":
            folder.check_place(args.model)
        return do[args.action](args, read())
    except InputError as error:
        raise BadInput(error.code, error.message, field=error.field, hint=error.hint) from error


def tell(value: Any, args: argparse.Namespace, refused: int) -> int:
    """One JSON line to the output; the exit code of a run that refused so many rows."""
    with written(args.out) as out:
        dump(value, out)
    return 3 if refused else 0


def holds_lists(args: argparse.Namespace) -> bool:
    """Whether the output is of a form in which a value can be a list."""
    return (args.out or "").removesuffix(".gz").endswith((".jsonl", ".json"))


def packed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _some(text: str) -> int:
    number = int(text)
    if not 2 <= number <= 20:
        raise argparse.ArgumentTypeError("2 to 20")
    return number
