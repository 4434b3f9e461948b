"""Make the virtual environment, also on a Debian without python3-venv.

`python -m venv` needs ensurepip, which Debian keeps in python3-venv. Where it is missing: an installed pip makes do;
else, as root, the Debian package is installed; else the command to run is printed.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path


def run(*words: str) -> bool:
    return subprocess.run(words, check=False).returncode == 0


def main(folder: str) -> int:
    python = Path(folder) / "bin" / "python"
    if python.exists() and run(str(python), "-m", "pip", "--version"):
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    has_ensurepip = subprocess.run([sys.executable, "-c", "import ensurepip"], check=False, **quiet).returncode == 0
    if has_ensurepip and run(sys.executable, "-m", "venv", folder):
        return 0
    has_pip = subprocess.run([sys.executable, "-m", "pip", "--version"], check=False, **quiet).returncode == 0
    without = [sys.executable, "-m", "venv", "--without-pip", folder]
    if has_pip and run(*without) and run(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "pip"):
        return 0
    package = f"python3.{sys.version_info.minor}-venv"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update", "-qq")
        installed = run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)
        if installed and run(sys.executable, "-m", "venv", folder):
            return 0
    print(
        f"This Python cannot make a virtual environment. Install {package} (apt-get install {package}).",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
