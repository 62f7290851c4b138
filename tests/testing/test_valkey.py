"""The Valkey that tests get is real, can be killed and comes back at the same address, empty."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import redis

from backstay.testing.valkey import running_valkey

pytestmark = pytest.mark.needs("valkey")


def test_a_killed_server_comes_back_empty_at_the_same_address() -> None:
    with running_valkey() as server:
        url = server.url
        client = redis.Redis.from_url(url)
        client.set("known", "yes")
        assert client.get("known") == b"yes"
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.ping()
        server.start()
        assert server.url == url
        assert client.get("known") is None


def test_nothing_listens_after_the_block() -> None:
    with running_valkey() as server:
        client = redis.Redis.from_url(server.url)
        assert client.ping()
    with pytest.raises(redis.ConnectionError):
        client.ping()


def test_the_server_ends_with_a_test_process_that_is_killed() -> None:
    program = (
        "import time\n"
        "from backstay.testing.valkey import Valkey\n"
        "print(Valkey().start().url, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        client = redis.Redis.from_url(process.stdout.readline().decode().strip())
        assert client.ping()
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    with pytest.raises(redis.ConnectionError):
        while time.monotonic() < deadline:
            client.ping()
            time.sleep(0.05)
