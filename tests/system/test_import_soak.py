"""T77: 200,000 rows over HTTP, read by a real worker: in the background, with progress, cancelled, within 300 MB."""

import json
import time
import urllib.request
from typing import Any

import psutil
import pytest

from matchmaking.models import ImportRow, Participant
from tests.factories import PASSWORD, make_event, make_role, make_user
from tests.system.servers import free_port
from tests.system.test_run_soak import real_stack  # noqa: F401 - a fixture

ROWS = 200_000
MOST_MB = 300
ANSWER_S = 10  # the upload: 20 MB are written into the database
READ_S = 900


class Client:
    """An organiser's program."""

    def __init__(self, port: int) -> None:
        self.base, self.token = f"http://127.0.0.1:{port}/api/v1", ""

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> tuple[int, Any]:
        headers = {"Content-Type": kind, **({"Authorization": f"Token {self.token}"} if self.token else {})}
        request = urllib.request.Request(f"{self.base}{path}", data=body, method=method, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or "null")

    def upload(self, event: int, rows: bytes) -> tuple[int, Any]:
        head = f'--b\r\nContent-Disposition: form-data; name="event"\r\n\r\n{event}\r\n--b\r\n'
        head += 'Content-Disposition: form-data; name="file"; filename="people.csv"\r\nContent-Type: text/csv\r\n\r\n'
        return self.ask("POST", "/imports/", head.encode() + rows + b"\r\n--b--\r\n", "multipart/form-data; boundary=b")


def people() -> bytes:
    rows = (f"P{n},Уладзіслаў Кавалёў {n},p{n}@example.org,Мінск\n" for n in range(ROWS))
    return ("External ID,Name,Mail,City\n" + "".join(rows)).encode()


def memory_mb(stack: Any) -> float:
    """The most resident memory of any one process of the worker for imports, now."""
    return max(psutil.Process(pid).memory_info().rss for pid in stack.children("runs")) / 2**20


@pytest.mark.soak
@pytest.mark.xdist_group("stack")
def test_t77_200_000_rows_over_http(real_stack):  # noqa: F811
    event, organiser = make_event(), make_user()
    make_role(organiser, event.programme)
    port = free_port()
    real_stack.start_web(port)
    client = Client(port)
    real_stack.until(lambda: psutil.Process(real_stack.processes["web"].pid).children(), "the web server has started")
    real_stack.until(lambda: _up(client), "the web server answers")
    credentials = json.dumps({"mail": organiser.mail, "password": PASSWORD}).encode()
    client.token = client.ask("POST", "/tokens/", credentials)[1]["token"]
    file = people()

    begun = time.monotonic()
    status, first = client.upload(event.pk, file)
    answered = time.monotonic() - begun
    seen, most = _watch(real_stack, client, first["id"], lambda told: told["state"] == "reading" and (told["rows_read"] or 0) > 10_000)
    cancelled = client.ask("POST", f"/imports/{first['id']}/cancel/")[1]
    assert (status, cancelled["state"]) == (202, "cancelled")

    status, second = client.upload(event.pk, file)
    more, peak = _watch(real_stack, client, second["id"], lambda told: told["state"] != "reading")
    told = client.ask("GET", f"/imports/{second['id']}/")[1]
    print(
        f"\nT77: {len(file) / 2**20:.0f} MB answered after {answered:.1f} s, read in {time.monotonic() - begun:.0f} s with the cancelled "
        f"one, at most {max(most, peak):.0f} MB, progress seen {len(seen | more)} times"
    )
    assert (told["state"], told["counts"]["new"], told["rows_read"]) == ("preview", ROWS, ROWS)
    assert ImportRow.objects.filter(source_id=first["id"]).count() < ROWS, "the cancelled one was stopped on its way"
    assert not Participant.objects.filter(programme=event.programme).exists(), "nothing before it is confirmed"
    assert len(seen | more) > 3
    assert max(most, peak) <= MOST_MB
    assert answered < ANSWER_S


def _up(client: Client) -> bool:
    try:
        return client.ask("GET", "/session/")[0] == 200
    except OSError:
        return False


def _watch(stack: Any, client: Client, import_id: int, over: Any) -> tuple[set[int], float]:
    """Ask twice a second until `over`; the numbers of rows that were told, and the most memory."""
    told_rows: set[int] = set()
    most, deadline = 0.0, time.monotonic() + READ_S
    while True:
        told = client.ask("GET", f"/imports/{import_id}/")[1]
        told_rows.add(told["rows_read"] or 0)
        most = max(most, memory_mb(stack))
        if over(told):
            return told_rows, most
        assert time.monotonic() < deadline, told
        time.sleep(0.5)
