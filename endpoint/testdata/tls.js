// Standard input and output over Node's tls: node tls.js client|server half-open|default HOST PORT CA [CERT KEY]
const tls = require('tls'), fs = require('fs')
const [role, mode, host, port, ca, cert, key] = process.argv.slice(2)
const allowHalfOpen = mode === 'half-open'

function carry(socket) {
  socket.on('error', (error) => { console.error(error.code, error.message); process.exitCode = 1 })
  socket.on('close', () => process.stdin.destroy())
  process.stdin.pipe(socket)
  socket.pipe(process.stdout)
}

if (role === 'client') {
  carry(tls.connect({ host, port, allowHalfOpen, ca: ca === '-' ? [] : fs.readFileSync(ca) }))
} else {
  const server = tls.createServer({ allowHalfOpen, cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  server.on('secureConnection', (socket) => { server.close(); carry(socket) })
  server.listen(port, host)
}
