"""The kept ELM is what the CQL says."""

from pathlib import Path

import pytest

from tools.guidelines.compile import TRANSLATOR, CqlNotTranslated, as_kept, main, translate
from tools.guidelines.library import BUILT_IN


@pytest.fixture(scope="module")
def translator(node_modules: Path) -> Path:
    if not (node_modules / TRANSLATOR).exists():
        pytest.skip(f"the CQL translator {TRANSLATOR} is not installed (npm ci without --omit=dev)")
    return node_modules


def test_compiling_again_gives_the_same(translator: Path) -> None:
    compiled = {f"{name}.elm.json": as_kept(elm) for name, elm in translate(BUILT_IN, node_modules=translator).items()}
    assert compiled == {each.name: each.read_bytes() for each in BUILT_IN.glob("*.elm.json")}


def test_cql_that_is_wrong_is_named(translator: Path, tmp_path: Path) -> None:
    (tmp_path / "Wrong.cql").write_text("library Wrong version '1'\ndefine \"Applies\": nothing")
    with pytest.raises(CqlNotTranslated, match="Wrong: Could not resolve identifier nothing"):
        translate(tmp_path, node_modules=translator)


def test_the_command_writes_beside_the_source(
    translator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Small.cql").write_text("library Small version '1'\ndefine \"Applies\": true")
    monkeypatch.chdir(translator.parent)
    main([str(tmp_path)])
    assert b'"id":"Small"' in (tmp_path / "Small.elm.json").read_bytes()
