// An echo server on Node's net, as its documentation would write it.
const server = require('net').createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('data', (data) => socket.write(data));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
