"""How the web server runs: threads, because requests wait for the database, not for the processor."""

import gc
import os
from typing import Any

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
worker_class = "gthread"
timeout = 60
graceful_timeout = 10
loglevel = "warning"


def post_worker_init(worker: Any) -> None:
    """What is loaded stays: else each full collection of garbage looks through all of it, some 170 ms in the midst of a request."""
    gc.collect()
    gc.freeze()
