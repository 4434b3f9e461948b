"""What tests need of the system: a Chromium, and libgomp for LightGBM. As root on Debian, install what is missing."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tools.browser import find


def has_libgomp() -> bool:
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return False
    return True


def missing() -> list[str]:
    """Names of Debian packages."""
    return [*(() if find() else ("chromium",)), *(() if has_libgomp() else ("libgomp1",))]


def main() -> int:
    packages = missing()
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=False)
        packages = missing()
    if packages:
        print(f"The tests need: apt-get install {' '.join(packages)}", file=sys.stderr)
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(main())
