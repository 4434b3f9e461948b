"""The wheel holds the whole source tree and works on its own: installed into a new environment, used from an empty folder.

Its dependencies are those of the environment that runs the tests, read through a path; Tamna itself comes from the wheel.
"""

import email
import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
KINDS = {".html", ".css", ".js", ".woff2", ".mo", ".yaml", ".csv"}  # templates, static files, translations, parameters


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    words = ["wheel", "--quiet", "--no-deps", "--disable-pip-version-check", "-w", str(out), str(ROOT)]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (found,) = out.glob("tamna-*.whl")
    return found


@pytest.fixture(scope="module")
def tamna(wheel, tmp_path_factory):
    """`tamna(...)` of the installed wheel, run in an empty folder with a data folder of its own."""
    place = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = ["--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    empty, home = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("home")
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_", "PYTHON"))}

    def run(*words: str, given: str = "") -> str:
        done = subprocess.run(
            [place / "bin" / "tamna", *words], cwd=empty, env=env | {"TAMNA_HOME": str(home)}, input=given, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.python, run.packages, run.home, run.empty = python, packages, home, empty
    return run


def _name(requirement: str) -> str:
    """The package that a requirement or a pinned line names."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_the_wheel_holds_every_file_of_the_source(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src" / "tamna").rglob("*")
              if path.is_file() and "__pycache__" not in path.parts}  # fmt: skip
    assert {name for name in names if ".dist-info/" not in name} == source
    assert {path.suffix for path in map(Path, source)} >= KINDS
    assert {"LICENSE", "NOTICE"} <= {Path(name).name for name in names}


def test_it_says_its_version_and_its_catalogue_in_an_empty_folder(tamna):
    where = subprocess.run([tamna.python, "-c", "import tamna; print(tamna.__file__)"], cwd=tamna.empty, env={}, capture_output=True, text=True, check=True)  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(tamna.packages)
    metadata = email.message_from_string(
        next(tamna.packages.glob("tamna-*.dist-info/METADATA")).read_text(encoding="utf-8")
    )
    assert tamna("--version") == f"tamna {metadata['Version']}\n"
    needed = {_name(text) for text in metadata.get_all("Requires-Dist") if "extra ==" not in text}
    assert needed <= {_name(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    lines = json.loads(tamna("catalogue", "--format", "json"))
    assert len(lines) == 135 and any(line["built"] for line in lines)
    assert list(tamna.empty.iterdir()) == []
    left = [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tamna.home) in " ".join(process.info["cmdline"] or ())
    ]
    assert not left


def test_its_engines_find_their_parameters_and_its_pages_their_templates(tamna):
    case = {"id": "E01", "date": "2026-04-06", "institution": {"type": "general", "area": "dong"}, "setting": "outpatient",
            "patient": {"birth_date": "1979-09-09", "sex": "F", "payer": "nhi"}, "amounts": {"covered": 61480}}  # fmt: skip
    assert json.loads(tamna("copay", given=json.dumps(case)))["patient_share"] > 0
    code = """
import os; os.environ["DJANGO_SETTINGS_MODULE"] = "tamna.web.settings"
import django; django.setup()
from django.template.loader import get_template
from django.utils import translation
from tamna.web.jinja import static
for name in ("web/frame.html", "billing/invoice.html", "claims/claim.html", "insight/director.html"):
    get_template(name)
with translation.override("ko"):
    assert translation.gettext("Patients") != "Patients"
assert "tamna.css" in static("tamna.css")
from datetime import date
from tamna.engines.claimcheck import RuleSet
assert RuleSet.load(date(2026, 11, 24)).rules
"""
    done = subprocess.run([tamna.python, "-c", code], cwd=tamna.empty, env={"TAMNA_HOME": str(tamna.home)}, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
