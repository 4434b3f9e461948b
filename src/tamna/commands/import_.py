"""Load outside data into this hospital: statements, fees, FHIR bundles, statutes, reports. Resumable, with a report.

Taken twice, nothing changes. Uses the database of TAMNA_HOME or DATABASE_URL; where no Tamna runs, the embedded database is
started for the time of the command. `tamna import fhir --help` says what each takes.

example: tamna import fhir bundles/
         tamna import fees master.csv
         tamna import statutes laws/
         tamna import reports reported.csv
         tamna import claims hospital/
"""

import argparse
import importlib

# What → module whose docstring is its help, with `arguments(parser)` and `run(args)`.
KINDS = {
    "fhir": "tamna.commands.imports.fhir",
    "fees": "tamna.commands.imports.fees",
    "statutes": "tamna.commands.imports.statutes",
    "reports": "tamna.commands.imports.reports",
    "claims": "tamna.commands.imports.claims",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, place in KINDS.items():
        module = importlib.import_module(place)
        text = (module.__doc__ or "").strip()
        form = argparse.RawDescriptionHelpFormatter
        module.arguments(kinds.add_parser(name, help=text.splitlines()[0], description=text, formatter_class=form))


def run(args: argparse.Namespace) -> int:
    return int(importlib.import_module(KINDS[args.what]).run(args))
