// An echo server for one client.
const net = require('node:net');

const server = net.createServer((socket) => {
  socket.pipe(socket);
  socket.on('close', (hadError) => {
    console.log(`close ${hadError} ${socket.bytesRead} ${socket.bytesWritten}`);
    server.close();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
