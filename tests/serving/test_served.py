"""Which version of a LoRA is worn: the server's list is asked for beside the replies, not before them."""

import asyncio
from collections.abc import Mapping

import pytest

from serving import EngineAway
from serving.served import NotServed, Served


class Server:
    """A server's list; answers when `free` is set, and fails while `away`."""

    def __init__(self, *names: str) -> None:
        self.names = set(names)
        self.asked = 0
        self.away = False
        self.free = asyncio.Event()
        self.free.set()
        self.clock = 0.0

    async def ask(self) -> Mapping[str, object]:
        self.asked += 1
        await self.free.wait()
        if self.away:
            raise EngineAway("The server is away.")
        return dict.fromkeys(self.names)

    def served(self) -> Served:
        return Served(self.ask, server="here", clock=lambda: self.clock)


async def test_a_new_version_is_worn_a_moment_after_the_server_has_it() -> None:
    server = Server("mira/v1")
    served = server.served()
    before = await served.newest("mira")
    server.names.add("mira/v2")
    server.clock += 2

    await served.newest("mira")
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (before, await served.newest("mira")) == ("mira/v1", "mira/v2")


async def test_a_server_too_busy_to_tell_its_names_is_asked_for_the_reply_all_the_same() -> None:
    server = Server("mira/v1")
    served = server.served()
    await served.newest("mira")
    server.free.clear()
    server.clock += 2

    worn = [await served.newest("mira") for _ in range(50)]
    await asyncio.sleep(0)
    await served.aclose()

    assert (set(worn), server.asked) == ({"mira/v1"}, 2)


async def test_many_who_wait_for_a_name_ask_once_and_one_who_leaves_spoils_nothing() -> None:
    server = Server("mira/v1")
    served = server.served()
    server.free.clear()

    waiting = [asyncio.create_task(served.newest("mira")) for _ in range(9)]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    server.free.set()

    assert await asyncio.gather(*waiting) == ["mira/v1"] * 8
    assert server.asked == 1


async def test_a_failure_is_told_to_who_waits_and_the_old_list_serves_the_others() -> None:
    server = Server("mira/v1")
    served = server.served()
    await served.newest("mira")
    server.away = True
    server.clock += 2

    worn = await served.newest("mira")
    with pytest.raises(EngineAway):
        await served.newest("orla")

    assert worn == "mira/v1"


async def test_what_was_unloaded_is_asked_for_anew() -> None:
    server = Server("mira/v1")
    served = server.served()
    await served.newest("mira")
    server.names.clear()

    served.forget()
    with pytest.raises(NotServed, match="but nothing"):
        await served.newest("mira")
