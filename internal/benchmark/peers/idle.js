// The page's server: it echoes, and beats on every connection.
const server = require('net').createServer((socket) => {
  socket.setNoDelay(true);
  const beat = setInterval(() => socket.write('b'), Number(process.env.BEAT_MS));
  socket.on('data', (data) => socket.write(data));
  socket.on('close', () => clearInterval(beat));
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
