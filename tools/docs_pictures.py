"""Take the pictures of docs/ from a real report: builds, proves and measures custom_relu first, which takes minutes.

Needs chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
OVEXT = Path(sys.executable).with_name("ovext")
SIZE = "1000,1500"
COLOURS = 64  # enough for a page, and small


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("chromium was not found: install it, for instance with: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "custom_relu")
        shutil.copytree(ROOT / "extension_src" / "custom_relu", project, ignore=shutil.ignore_patterns("build", "lib"))
        for command in (["build"], ["test"], ["bench"], ["gpu", "check"], ["report", "-o", "report.html"]):
            subprocess.run([str(OVEXT), *command], cwd=project, check=True)
        shot = Path(folder, "shot.png")
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE}"]
        page = (project / "report.html").as_uri()
        subprocess.run([chromium, *quiet, f"--screenshot={shot}", page], check=True, capture_output=True)
        target = ROOT / "docs" / "pictures" / "report.png"
        target.parent.mkdir(exist_ok=True)
        Image.open(shot).convert("RGB").quantize(COLOURS).save(target, optimize=True)
        print(target.relative_to(ROOT), target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
