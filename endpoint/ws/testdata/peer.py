# The other side of WebSockets, by Python's package websockets: it is told and says what peer.js is.
import asyncio, sys
from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import connect
from websockets.legacy.server import WebSocketServerProtocol, serve


async def echo(w, say):
    seen = set()
    async for message in w:
        if type(message) not in seen:
            say('hears', 'text' if type(message) is str else 'binary')
        seen.add(type(message))
        await w.send(message)


async def both(w, say):
    await w.send('grüße ')
    await w.send(bytes([0, 1, 2, 255]))
    await w.close(1000)


async def ping(w, say):
    await (await w.ping('are you there'))
    say('pong are you there')
    await w.send('x')
    await w.recv()
    await w.close()


async def fragments(w, say):
    async def parts():
        for i in range(16):
            yield bytes([i]) * 65536
            await w.ping()
    await w.send(parts())
    got = 0
    while got < 1048576:
        got += len(await w.recv())
    say('has', got)
    await w.close(1000)


async def half(w, say):
    while message := await w.recv():
        say('hears', message.decode())
    say('end')
    await w.send('after your end')
    await w.send(b'')


async def listen(w, say):
    pass


async def vanish(w, say):
    await w.send('cut')
    w.transport.abort()


async def talk(w, name, scenario):
    def say(*words):
        print(name, *words, flush=True)
    say('open', w.subprotocol or '-', ','.join(e.name for e in w.extensions) or '-')
    try:
        if scenario.startswith('close'):
            await w.close(int(scenario[5:]), 'why')
        else:
            await globals()[scenario](w, say)
    except ConnectionClosed:
        pass
    await w.wait_closed()
    say('closed', w.close_code, w.close_reason)


class Server(WebSocketServerProtocol):
    def process_subprotocol(self, headers, available):
        return 'duplex.v1' if self.path.endswith('/half') else None


def accept(w):
    return talk(w, *w.path[1:].split('/'))


async def dial(name, scenario, url, protocol=None):
    async with connect(url, subprotocols=[protocol] if protocol else None, ping_interval=None, max_size=None) as w:
        await talk(w, name, scenario)


async def main():
    server = await serve(accept, '127.0.0.1', 0, create_protocol=Server, ping_interval=None, max_size=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    dialled = []
    while line := await lines.readline():
        dialled.append(asyncio.create_task(dial(*line.decode().split())))
    await asyncio.gather(*dialled)
    server.close()
    await server.wait_closed()


asyncio.run(main())
