"""`python -m codex_kernel.scripted_model`: the scripted model as a process; prints its base URL."""

from __future__ import annotations

import argparse
import asyncio
import signal
from contextlib import suppress
from pathlib import Path

from .demo_scenarios import demo_scenarios
from .scenarios import load_scenarios
from .server import ScriptedModel


def main(arguments: list[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser("python -m codex_kernel.scripted_model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument("--scripts", type=Path, help="scenarios (JSON) instead of the demo's")
    parser.add_argument("--codex-home", type=Path, help="write its config.toml")
    parser.add_argument("--model", default="gpt-5.5", help="the slug in that config.toml")
    parser.add_argument("--pace", type=float, help="characters per second; default: no limit")
    asyncio.run(_serve(parser.parse_args(arguments)))


async def _serve(options: argparse.Namespace) -> None:
    scenarios = load_scenarios(options.scripts) if options.scripts else demo_scenarios()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: the process is simply ended
            loop.add_signal_handler(number, stopped.set)
    async with ScriptedModel(scenarios, port=options.port, pace=options.pace) as model:
        if options.codex_home:
            model.write_config(options.codex_home, options.model)
        print(model.base_url, flush=True)
        await stopped.wait()


if __name__ == "__main__":
    main()
