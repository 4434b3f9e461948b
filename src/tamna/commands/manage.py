"""Django's own management commands: `tamna manage migrate`, `tamna manage shell`."""

import argparse
import os

from tamna.core import database


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs=argparse.REMAINDER, help="the management command and its options")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    with database.served():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["tamna manage", *args.words])
    return 0
