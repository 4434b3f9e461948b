"""`tamna <verb>`: each module of `tamna.commands` is one verb, imported only when it is called.

A verb module has a docstring (its help; the first line is the summary), `arguments(parser)` and `run(args) -> exit code`.
Exit 0 done, 2 bad input, 3 partly done. Errors go to stderr, one JSON line each.
"""

import argparse
import importlib
import pkgutil
import sys

import tamna
from tamna import commands
from tamna.commands.streams import BadInput, report


def verbs() -> dict[str, str]:
    """Verb → module name; `import_` is written `import`, underscores become hyphens."""
    names = (
        module.name
        for module in pkgutil.iter_modules(commands.__path__)
        if not module.ispkg and module.name not in ("codings", "learners", "streams", "tables", "product")
    )
    return {name.rstrip("_").replace("_", "-"): name for name in sorted(names)}


def main(argv: list[str] | None = None) -> int:
    known = verbs()
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["--version"]:
        print(f"tamna {tamna.__version__}")
        return 0
    if not words or words[0] in {"-h", "--help"} or words[0] not in known:
        return _overview(known, words)
    module = importlib.import_module(f"tamna.commands.{known[words[0]]}")
    parser = argparse.ArgumentParser(
        prog=f"tamna {words[0]}", description=module.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    module.arguments(parser)
    try:
        return int(module.run(parser.parse_args(words[1:])) or 0)
    except BadInput as bad:
        report(bad)
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def _overview(known: dict[str, str], words: list[str]) -> int:
    wanted_help = not words or words[0] in {"-h", "--help"}
    out = sys.stdout if wanted_help else sys.stderr
    if not wanted_help:
        report(BadInput("unknown_verb", f"there is no verb {words[0]!r}", hint="tamna --help lists the verbs"))
    print("usage: tamna <verb> [options]\n", file=out)
    for verb, name in known.items():
        module = importlib.import_module(f"tamna.commands.{name}")
        print(f"  {verb:<12} {(module.__doc__ or '').strip().splitlines()[0]}", file=out)
    return 0 if wanted_help else 2


if __name__ == "__main__":
    sys.exit(main())
