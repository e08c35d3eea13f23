"""Alembic, run from the program: no ini file, no command line."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection


def knows(revision: str | None) -> bool:
    """Whether this version's chain holds `revision`; an empty database (None) always counts."""
    return revision is None or revision in {script.revision for script in _scripts().walk_revisions()}


def newest() -> str | None:
    """The revision at the end of the chain."""
    return _scripts().get_current_head()


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the transaction of `connection`."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
