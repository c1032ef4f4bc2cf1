// One side of a bulk transfer: sends random bytes and hashes what it sends and
// what it gets, at once. Arguments: bytes, and a port to connect to, or none.
const net = require('node:net');
const { createHash, randomBytes } = require('node:crypto');
const { pipeline } = require('node:stream/promises');

const [size, port] = process.argv.slice(2).map(Number);
const allowHalfOpen = true; // else the end of the shorter transfer cuts the other

async function transfer(socket) {
  const sent = createHash('sha256');
  const got = createHash('sha256');
  async function* source() {
    for (let left = size, step = 1; left > 0; step = step * 3 % 65_537) {
      const chunk = randomBytes(Math.min(left, step));
      left -= chunk.length;
      sent.update(chunk);
      yield chunk;
    }
  }
  async function sink(chunks) {
    for await (const chunk of chunks) got.update(chunk);
  }
  await Promise.all([pipeline(source, socket), pipeline(socket, sink)]);
  console.log(JSON.stringify({
    sent: sent.digest('hex'),
    got: got.digest('hex'),
    bytesRead: socket.bytesRead,
    bytesWritten: socket.bytesWritten,
  }));
}

if (port) {
  transfer(net.connect({ port, host: '127.0.0.1', allowHalfOpen }));
} else {
  const server = net.createServer({ allowHalfOpen }, (socket) => {
    server.close();
    transfer(socket);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
