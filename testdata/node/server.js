// A server that answers once its client has ended. Argument: allowHalfOpen.
const net = require('node:net');

const server = net.createServer({ allowHalfOpen: process.argv[2] === 'true' }, (socket) => {
  let question = '';
  socket.on('data', (data) => { question += data; });
  socket.on('end', () => {
    console.log(`end ${question}`);
    setImmediate(() => {
      socket.end(question.toUpperCase().repeat(10_000), (error) => {
        console.log(`answered ${error ? 'too late' : 'in time'}`);
      });
    });
  });
  socket.on('error', () => {}); // of an answer that comes too late
  socket.on('close', () => server.close());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
