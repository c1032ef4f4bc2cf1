// A client whose peer ends first. Arguments: port, allowHalfOpen.
const net = require('node:net');

const allowHalfOpen = process.argv[3] === 'true';
const socket = net.connect({ port: +process.argv[2], host: '127.0.0.1', allowHalfOpen });
socket.on('data', (data) => console.log(`data ${data}`));
socket.on('end', () => {
  console.log('end');
  setImmediate(() => {
    if (allowHalfOpen) socket.end('after your end');
  });
});
socket.on('error', (error) => console.log(`error ${error.code}`));
socket.on('close', (hadError) => console.log(`close ${hadError} ${socket.bytesRead} ${socket.bytesWritten}`));
