// A client that resets in the middle of a long write. Argument: port.
const net = require('node:net');

const socket = net.connect(+process.argv[2], '127.0.0.1');
socket.write(Buffer.alloc(64 << 20)); // more than the kernel takes
socket.once('data', () => {
  console.log(`resetting with ${socket.writableLength > 0 ? 'bytes' : 'nothing'} queued`);
  socket.resetAndDestroy();
});
socket.on('error', (error) => console.log(`error ${error.code}`));
socket.on('close', (hadError) => console.log(`close ${hadError}`));
