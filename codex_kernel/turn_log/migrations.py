"""The schema of the turn log, as the ordered steps that led to it.

A step is a tuple of SQL statements; its place in `MIGRATIONS` is the `user_version` it leads to.
Steps that were released are never edited: a change of the schema is a new step.
"""

from __future__ import annotations

import sqlite3

from codex_kernel.errors import LogTooNew

Migration = tuple[str, ...]

TURNS: Migration = (
    """
    CREATE TABLE owners (
        owner TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        boot_id TEXT NOT NULL,
        pid_namespace TEXT,
        pid INTEGER NOT NULL,
        started INTEGER,
        registered_at TEXT NOT NULL,
        closed_at TEXT
    )
    """,
    """
    CREATE TABLE turns (
        turn_id TEXT PRIMARY KEY,
        notebook TEXT,
        cell_id TEXT,
        session_id TEXT,
        codex_turn_id TEXT,
        prompt TEXT NOT NULL,
        state TEXT NOT NULL,
        seq INTEGER NOT NULL,
        error TEXT,
        owner TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        queued_at TEXT,
        started_at TEXT,
        finished_at TEXT,
        updated_at TEXT NOT NULL,
        bytes INTEGER NOT NULL DEFAULT 0,
        snapshot TEXT
    ) WITHOUT ROWID
    """,
    "CREATE INDEX turns_by_cell ON turns (notebook, cell_id, turn_id)",
    "CREATE INDEX turns_by_session ON turns (session_id, turn_id)",
    """
    CREATE INDEX turns_live ON turns (state, owner)
    WHERE state IN ('queued', 'starting', 'running', 'waiting', 'interrupting')
    """,
    "CREATE INDEX turns_by_end ON turns (finished_at) WHERE finished_at IS NOT NULL",
    """
    CREATE TABLE events (
        turn_id TEXT NOT NULL,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (turn_id, seq)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE app_servers (
        owner TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started INTEGER,
        thread_ids TEXT NOT NULL,
        PRIMARY KEY (owner, pid)
    ) WITHOUT ROWID
    """,
)

COMMANDS: Migration = (
    """
    CREATE TABLE commands (
        number INTEGER PRIMARY KEY,
        command_id TEXT NOT NULL UNIQUE,
        target_kind TEXT NOT NULL,
        target_id TEXT NOT NULL,
        turn_id TEXT,
        verb TEXT NOT NULL,
        args TEXT NOT NULL,
        by TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        claimed_by TEXT,
        outcome TEXT,
        finished_at TEXT
    )
    """,
    """
    CREATE INDEX commands_open ON commands (target_kind, target_id) WHERE outcome IS NULL
    """,
    "CREATE INDEX commands_of_turn ON commands (turn_id) WHERE turn_id IS NOT NULL",
)

BINDINGS: Migration = (
    """
    CREATE TABLE notebooks (
        path TEXT PRIMARY KEY,
        session_id TEXT,
        settings TEXT NOT NULL DEFAULT '{}',
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX notebooks_by_session ON notebooks (session_id)",
    """
    CREATE TABLE notebook_cells (
        path TEXT NOT NULL,
        cell_id TEXT NOT NULL,
        PRIMARY KEY (path, cell_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE sessions (
        session_id TEXT PRIMARY KEY,
        title TEXT,
        cwd TEXT,
        model TEXT,
        forked_from TEXT,
        is_fresh INTEGER NOT NULL,
        turns INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        last_at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX sessions_by_use ON sessions (last_at)",
)

IMAGES: Migration = (
    """
    CREATE TABLE before_images (
        turn_id TEXT NOT NULL,
        path TEXT NOT NULL,
        existed INTEGER NOT NULL,
        mode INTEGER,
        size INTEGER,
        sha256 TEXT,
        content BLOB,
        why_missing TEXT,
        PRIMARY KEY (turn_id, path)
    )
    """,
)

RETENTION: Migration = ("CREATE TABLE deleted_turns (turn_id TEXT PRIMARY KEY) WITHOUT ROWID",)

FOLLOWING: Migration = (
    "ALTER TABLE turns ADD COLUMN session_tokens INTEGER",
    "ALTER TABLE turns ADD COLUMN client TEXT",
    """
    CREATE INDEX events_questions ON events (turn_id, seq) WHERE type IN
    ('approval.requested', 'approval.decided', 'input.requested', 'input.answered')
    """,
    # What pages are told of. AUTOINCREMENT: a cursor is never given twice, also after pruning.
    """
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
        kind TEXT NOT NULL,
        turn_id TEXT,
        seq INTEGER,
        state TEXT,
        session_id TEXT,
        notebook TEXT
    )
    """,
    """
    CREATE TRIGGER changes_turn_state AFTER UPDATE OF state, session_id ON turns
    WHEN old.seq = 0 OR new.state IS NOT old.state OR new.session_id IS NOT old.session_id
    BEGIN
        INSERT INTO changes (kind, turn_id, seq, state, session_id, notebook)
        VALUES ('turn', new.turn_id, new.seq, new.state, new.session_id, new.notebook);
    END
    """,
    """
    CREATE TRIGGER changes_question AFTER INSERT ON events WHEN new.type IN
    ('approval.requested', 'approval.decided', 'input.requested', 'input.answered')
    BEGIN
        INSERT INTO changes (kind, turn_id, seq) VALUES ('question', new.turn_id, new.seq);
    END
    """,
    """
    CREATE TRIGGER changes_session_new AFTER INSERT ON sessions
    BEGIN
        INSERT INTO changes (kind, session_id) VALUES ('session', new.session_id);
    END
    """,
    """
    CREATE TRIGGER changes_session AFTER UPDATE OF title, cwd, model, is_fresh, turns ON sessions
    WHEN (new.title, new.cwd, new.model, new.is_fresh, new.turns)
    IS NOT (old.title, old.cwd, old.model, old.is_fresh, old.turns)
    BEGIN
        INSERT INTO changes (kind, session_id) VALUES ('session', new.session_id);
    END
    """,
    """
    CREATE TRIGGER changes_session_gone AFTER DELETE ON sessions
    BEGIN
        INSERT INTO changes (kind, session_id) VALUES ('session', old.session_id);
    END
    """,
    """
    CREATE TRIGGER changes_notebook_new AFTER INSERT ON notebooks
    BEGIN
        INSERT INTO changes (kind, notebook) VALUES ('notebook', new.path);
    END
    """,
    """
    CREATE TRIGGER changes_notebook AFTER UPDATE OF path, session_id, settings ON notebooks
    WHEN (new.session_id, new.settings) IS NOT (old.session_id, old.settings)
    OR new.path IS NOT old.path
    BEGIN
        INSERT INTO changes (kind, notebook)
        SELECT 'notebook', old.path WHERE new.path IS NOT old.path;
        INSERT INTO changes (kind, notebook) VALUES ('notebook', new.path);
    END
    """,
    """
    CREATE TRIGGER changes_notebook_gone AFTER DELETE ON notebooks
    BEGIN
        INSERT INTO changes (kind, notebook) VALUES ('notebook', old.path);
    END
    """,
    """
    CREATE TABLE presence (
        page TEXT NOT NULL,
        notebook TEXT NOT NULL,
        owner TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        gone_at TEXT,
        PRIMARY KEY (page, notebook)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX presence_by_notebook ON presence (notebook)",
)

ARCHIVING: Migration = (
    "ALTER TABLE sessions ADD COLUMN archived_at TEXT",
    """
    CREATE TRIGGER changes_session_archived AFTER UPDATE OF archived_at ON sessions
    WHEN new.archived_at IS NOT old.archived_at
    BEGIN
        INSERT INTO changes (kind, session_id) VALUES ('session', new.session_id);
    END
    """,
)

KERNELS: Migration = (
    """
    CREATE TABLE kernels (
        kernel_id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)

# What is asked of the page that shows a notebook: pages are told, and one of them takes it up.
OPERATIONS: Migration = (
    "ALTER TABLE changes ADD COLUMN command_id TEXT",
    """
    CREATE TRIGGER changes_operation AFTER INSERT ON commands WHEN new.target_kind = 'notebook'
    BEGIN
        INSERT INTO changes (kind, notebook, command_id)
        VALUES ('operation', new.target_id, new.command_id);
    END
    """,
)

# The number in the prompt of a turn's cell, for a page that was not there when it ran.
COUNTING: Migration = ("ALTER TABLE turns ADD COLUMN execution_count INTEGER",)

KEEPING: Migration = (
    # Ended, but not all of their old events are deleted yet.
    "CREATE TABLE compacted_turns (turn_id TEXT PRIMARY KEY) WITHOUT ROWID",
    # Who asked for which of the settings.
    "ALTER TABLE notebooks ADD COLUMN asked_by TEXT NOT NULL DEFAULT '{}'",
)

MIGRATIONS: tuple[Migration, ...] = (
    TURNS,
    COMMANDS,
    BINDINGS,
    IMAGES,
    RETENTION,
    FOLLOWING,
    ARCHIVING,
    KERNELS,
    OPERATIONS,
    COUNTING,
    KEEPING,
)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest schema, in one transaction.

    Raises `LogTooNew`, before anything is written, for a file of a newer codex_kernel.
    """
    if check_version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = check_version(connection)
        for statements in MIGRATIONS[done:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def check_version(connection: sqlite3.Connection) -> int:
    """How many steps the file has seen; raises `LogTooNew` when that is more than we know."""
    [(version,)] = connection.execute("PRAGMA user_version")
    if version > len(MIGRATIONS):
        raise LogTooNew(
            f"The turn log has version {version}, this codex_kernel knows {len(MIGRATIONS)}."
        )
    return version
