"""What the log never holds: people's words, not even in the traceback of a fault of ours."""

import subprocess
import sys

import pytest

FAULT = """
import structlog
from bots.logs import start_logging
from bots.settings import BotsSettings

def answer(words):
    raise KeyError("missing")

start_logging(BotsSettings(log={log!r}))
try:
    answer("my secret is " + "".join(["Bis", "cuit"]))
except KeyError:
    structlog.get_logger().exception("fault")
"""


@pytest.mark.parametrize("log", ["console", "json"])
def test_a_traceback_names_the_place_and_not_what_was_said(log: str) -> None:
    ran = subprocess.run([sys.executable, "-c", FAULT.format(log=log)], capture_output=True, text=True, check=True)

    assert "in answer" in ran.stderr
    assert "KeyError" in ran.stderr
    assert "Biscuit" not in ran.stderr
