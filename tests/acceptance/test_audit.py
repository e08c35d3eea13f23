"""`preround audit verify`: a whole chain, a noted head, and what somebody did past the program."""

from pathlib import Path

from preround.home import open_database
from store import audit
from store.heads import FILE, KEPT, Heads
from tests.acceptance.homes import Home
from tests.unit.store.conftest import NOW
from tests.unit.store.test_audit import grow, sql


def test_the_chain_holds_until_somebody_touches_it(tmp_path: Path) -> None:
    home = Home(path=tmp_path, more={})
    assert home.json("audit", "verify")["rows"] == 0
    db = open_database(home.settings)
    grow(db, 3)
    found = home.json("audit", "verify")
    assert (found["rows"], found["holds"], found["broken_at"]) == (3, True, None)
    grow(db, 1)
    db.close()
    assert "4 acts, the chain holds." in home.preround("audit", "verify", "--head", found["head"]).out
    assert "rewritten" in home.preround("audit", "verify", "--head", "0" * 64, expect=4).out
    with home.state() as connection:
        sql("UPDATE audit SET actor = 'Somebody else' WHERE seq = 2")(connection)
    ran = home.preround("audit", "verify", "--json", "-", expect=4)
    assert (ran.json["holds"], ran.json["broken_at"]) == (False, 2)


def test_a_check_that_passes_keeps_the_newest_heads_and_one_that_does_not_keeps_all(tmp_path: Path) -> None:
    home = Home(path=tmp_path, more={})
    db, heads = open_database(home.settings), Heads(tmp_path / FILE)
    with db.write() as connection:
        for n in range(KEPT + 5):
            audit.append(connection, at=NOW, actor="a", act="b", subject=f"item-{n}", detail={})
        written = [(row.seq, row.hash) for row in audit.rows(connection)]
    db.close()
    for one in written:
        heads.note(*one)
    home.preround("audit", "verify", "--head", "0" * 64, expect=4)
    assert heads.noted() == set(written)
    assert home.json("audit", "verify", "--head", written[0][1])["holds"]
    assert heads.noted() == set(written[-KEPT:])
    assert home.json("audit", "verify")["holds"]


def test_an_end_that_was_cut_off_with_its_head_is_found_by_what_this_machine_noted(tmp_path: Path) -> None:
    home = Home(path=tmp_path, more={})
    db = open_database(home.settings)
    grow(db, 4)
    db.close()
    assert home.json("audit", "verify")["holds"]
    with home.state() as connection:
        sql(
            "DELETE FROM audit WHERE seq > 2",
            "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2)",
        )(connection)
    assert "noted row 3, which is not there" in home.preround("audit", "verify", expect=4).out.replace("\n", " ")
    db = open_database(home.settings)
    grow(db, 3)
    db.close()
    assert "rewritten" in home.preround("audit", "verify", expect=4).out, "what is added later hides nothing"
