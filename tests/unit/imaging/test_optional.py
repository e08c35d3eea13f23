"""Who reads no pictures needs no library for them: the program starts without, and says what is missing when asked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from preround.failure import exit_code, outcome, sentence
from tests.unit.house.files import ROOT
from tools.imaging import errors
from tools.imaging.errors import ImagingError

WITHOUT = """
import importlib, importlib.abc, pkgutil, sys
from tools.needed import LibraryMissing, needed

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"numpy", "pydicom", "PIL", "wsidicom"}:
            raise ImportError(name, name=name)

sys.meta_path.insert(0, Missing())
import preround.cli, preround.commands, preround.web
for package in (preround.commands, preround.web):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
for name in ("gate", "prior", "handing", "sent", "study", "whose", "header", "fit"):
    importlib.import_module(f"tools.imaging.{name}")
try:
    needed("tools.imaging.reading", extra="imaging")
except LibraryMissing as missing:
    sys.stdout.write(str(missing))
"""


def test_the_program_starts_without_libraries_for_pictures() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "is not installed here" in ran.stdout
    assert "pip install -e '.[imaging]'" in ran.stdout


KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ImagingError)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_failure_is_one_sentence_that_says_what_to_do(kind: type[ImagingError]) -> None:
    failed = kind()
    said = sentence(failed)
    assert said == str(failed)
    assert said.endswith(".")
    assert ": " in said or ", " in said
    assert outcome(failed)["issue"][0]["details"]["text"] == said


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.StudyGone, 3),
        (errors.ArchiveRefused, 4),
        (errors.OthersPicture, 4),
        (errors.NobodysPicture, 4),
        (errors.PictureNames, 4),
        (errors.ArchiveUnreachable, 5),
        (errors.AnswerCut, 5),
        (errors.PictureBroken, 2),
        (errors.PictureLarge, 2),
    ],
)
def test_exit_codes(kind: type[ImagingError], code: int) -> None:
    assert exit_code(kind()) == code
