"""A loopback TCP proxy with a round trip: what a learner on Binder has between page and kernel."""

import asyncio
import socket
import threading
from contextlib import suppress


class SlowLink(threading.Thread):
    """Forward `port` to `target`, each direction `round_trip / 2` seconds late, in full bandwidth."""

    def __init__(self, port, target, round_trip):
        super().__init__(daemon=True)
        self.port, self.target, self.delay = port, target, round_trip / 2
        self.listening = threading.Event()
        self.start()
        self.listening.wait()

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        async with await asyncio.start_server(self._connect, "127.0.0.1", self.port) as server:
            self.listening.set()
            await server.serve_forever()

    async def _connect(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    async def _pump(self, reader, writer):
        """Bytes wait in a queue until they are due, so that many are in flight at a time."""
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop, queue = asyncio.get_running_loop(), asyncio.Queue()

        async def receive():
            data = None
            while data != b"":
                try:
                    data = await reader.read(65536)
                except OSError:
                    data = b""
                await queue.put((loop.time() + self.delay, data))

        async def send():
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                if not data:
                    break
                with suppress(OSError):
                    writer.write(data)
                    await writer.drain()
            writer.close()

        await asyncio.gather(receive(), send())
