// The page's server: it echoes, and beats every second on every connection.
const server = require('net').createServer((socket) => {
  socket.setNoDelay(true);
  const beat = setInterval(() => socket.write('b'), 1000);
  socket.on('data', (data) => socket.write(data));
  socket.on('close', () => clearInterval(beat));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
