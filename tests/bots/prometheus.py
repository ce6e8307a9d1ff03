"""A real Prometheus on a free port that scrapes a house once a second and knows the shipped alerts."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from tests.bots.house_process import free_port

OBSERVABILITY = Path(__file__).parent.parent.parent / "serving" / "observability"
PATIENCE = 60.0


class Prometheus:
    """What was scraped, to be asked in PromQL."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, expression: str) -> list[dict[str, Any]]:
        """The samples an expression gives now; an assertion for one that Prometheus does not understand."""
        answer = (await self._client.get("/api/v1/query", params={"query": expression})).json()
        assert answer["status"] == "success", (expression, answer)
        return list(answer["data"]["result"])

    async def scrapes(self, number: int = 2) -> None:
        """Waits for so many more scrapes."""
        began = await self._scraped()
        async with asyncio.timeout(PATIENCE):
            while await self._scraped() < began + number:  # noqa: ASYNC110 - Prometheus tells nobody
                await asyncio.sleep(0.1)

    async def comes_true(self, expression: str) -> bool:
        """Whether an alert's expression gives a sample within the time that a loaded machine may need."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self.ask(expression):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return False
        return True

    async def _scraped(self) -> int:
        found = await self.ask('count_over_time(up{job="greenroom"}[1h])')
        return int(found[0]["value"][1]) if found else 0


def alerts() -> dict[str, str]:
    """The shipped alerts: name to expression."""
    rules = YAML(typ="safe").load(OBSERVABILITY / "alerts.yaml")["groups"][0]["rules"]
    return {rule["alert"]: rule["expr"] for rule in rules}


@asynccontextmanager
async def watching(address: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Scrapes a house at an address until the block ends."""
    scrape = {"job_name": "greenroom", "static_configs": [{"targets": [address.removeprefix("http://")]}]}
    settings = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [scrape]}
    config, port = folder / "prometheus.json", free_port()
    config.write_text(json.dumps(settings))
    kept, listens = f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        *("prometheus", f"--config.file={config}", kept, listens),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            prometheus = Prometheus(client)
            await ready(client)
            assert await prometheus.comes_true("up == 1")
            yield prometheus
    finally:
        process.kill()
        await process.wait()


async def ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await client.get("/-/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
