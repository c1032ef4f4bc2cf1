// The server of the page's net program, unchanged but for the port.
const { createServer } = require('net');

const TIMEOUTS = {
  serverBeat: 1000,
};

// SERVER
const server = createServer((socket) => {

  const interval = setInterval(() => {
    console.log('server writing beat')

    socket.write('server beat');
  }, TIMEOUTS.serverBeat);

  socket.on('data', (data) => {
    socket.write(data.toString().toUpperCase());
  });

  socket.on('end', () => {
    console.log('server socket ended!')

    clearInterval(interval);
  });
})
  .listen(PORT, '127.0.0.1');

// Not on the page: the test's way to learn the port and to stop.
server.on('listening', () => console.error(server.address().port));
