"""Write one patient's records as a FHIR R4 transaction bundle, readable by other systems and by `tamna import fhir`.

The patient by chart number, public id (the last part of the address of the patient's page), or the id of an imported
Patient. Resident, foreigner and passport numbers are left out unless --numbers gives a reason, which is written to the
audit log. It is the patient's own copy, unless --recipient names another hospital: that needs the patient's consent. Visits, diagnoses, orders and coverage are in it, with everything that was imported; charges and claims are not.

example: tamna export fhir --patient 00000123 --out patient.json
"""

import argparse

from tamna.commands import product
from tamna.commands.streams import BadInput, written


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["fhir"], help="the form of the records")
    parser.add_argument("--patient", required=True, metavar="ID", help="chart number, public id or imported id")
    parser.add_argument("--out", metavar="FILE", help="file to write (.gz is packed; default: standard output)")
    parser.add_argument(
        "--numbers", metavar="REASON", default="", help="write the full identity numbers too, for this reason"
    )
    parser.add_argument(
        "--recipient", metavar="NAME", default="", help="another hospital it goes to; asks the patient's consent"
    )
    parser.add_argument("--lang", choices=["ko", "en"], default="ko")


def run(args: argparse.Namespace) -> int:
    with product.opened(args.lang):
        product.database_ready()
        from tamna.core.actor import Actor
        from tamna.core.errors import DomainError
        from tamna.reception.fhir import giving

        try:
            patient = giving.find(args.patient)
        except DomainError as error:
            raise BadInput(error.key, error.message, field="--patient") from error
        try:
            text = giving.bundle_of(
                patient, by=Actor.system("export"), reason=args.numbers.strip(), recipient=args.recipient.strip()
            )
        except DomainError as error:
            raise BadInput(error.key, error.message, field="--recipient") from error
        try:
            with written(args.out) as out:
                out.write(text)
        except OSError as error:
            raise BadInput("cannot_write", error.strerror or "I/O error", field="--out") from error
    return 0
