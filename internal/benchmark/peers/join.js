// A TCP proxy as Node's documentation writes it.
const net = require('net');
const back = Number(process.argv[2]);
const server = net.createServer({allowHalfOpen: true, noDelay: true}, a => {
  const b = net.connect({port: back, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
  a.on('error', () => b.destroy());
  b.on('error', () => a.destroy());
  a.pipe(b).pipe(a);
}).listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port));
