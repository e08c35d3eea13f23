"""Ending in good order: the first Ctrl-C or SIGTERM lets rounds stop between two steps, the second ends at once."""

from __future__ import annotations

import asyncio
import signal

from preround.wiring import House


def stop_on_signals(house: House) -> asyncio.Event:
    """An event that the first signal sets; rounds that are driven here stop before their next step."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told() -> None:
        house.runner.drain()
        stop.set()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(one)  # the second has its usual effect

    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, told)
    return stop
