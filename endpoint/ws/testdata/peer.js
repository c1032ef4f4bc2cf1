// The other side of WebSockets, by the package ws of npm: node peer.js DIRECTORY-OF-WS
//
// It is a server, whose port it says first. For every line NAME SCENARIO URL SUBPROTOCOL
// of its input it is a client, and for a connection to /NAME/SCENARIO a server. What
// happens it says line by line, behind the name; the last is that it is closed.
const { WebSocket, WebSocketServer } = require(process.argv[2])
const kind = (binary) => binary ? 'binary' : 'text'

const scenarios = {
  // Every message is sent back as what it was.
  echo(w, say) {
    const seen = new Set()
    w.on('message', (data, binary) => {
      if (!seen.has(binary)) say('hears', kind(binary))
      seen.add(binary)
      w.send(data, { binary })
    })
  },
  // A text message, a binary one, and an end by a Close frame.
  both(w, say) {
    w.send('grüße ')
    w.send(Buffer.from([0, 1, 2, 255]))
    w.close(1000)
  },
  // A ping that is answered before anything is said.
  ping(w, say) {
    w.on('pong', (data) => { say('pong', data); w.send('x') })
    w.ping('are you there')
    w.on('ping', () => say('pinged'))
    w.on('message', () => w.close())
  },
  // One message of 1 MiB in 16 fragments, with pings between them; then as much back.
  fragments(w, say) {
    w.on('pong', () => {})
    for (let i = 0; i < 16; i++) {
      w.send(Buffer.alloc(65536, i), { fin: i === 15 })
      w.ping()
    }
    let got = 0
    w.on('message', (data) => {
      got += data.length
      if (got === 1048576) { say('has', got); w.close(1000) }
    })
  },
  // The end of one direction, where duplex.v1 is agreed on: an empty message.
  half(w, say) {
    w.on('message', (data) => {
      if (data.length) return say('hears', data)
      say('end')
      w.send('after your end')
      w.send(Buffer.alloc(0))
    })
  },
  listen() {},
  vanish(w) { w.send('cut'); setImmediate(() => w.terminate()) },
}
for (const code of [1000, 1001, 1008, 1011, 3000, 4999]) scenarios['close' + code] = (w) => w.close(code, 'why')

function talk(w, name, scenario) {
  const say = (...words) => console.log([name, ...words].join(' '))
  say('open', w.protocol || '-', w.extensions || '-')
  w.on('close', (code, reason) => say('closed', code, reason))
  w.on('error', (error) => say('error', error.message))
  scenarios[scenario](w, say)
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true,
  handleProtocols: (offers, request) => offers.has('duplex.v1') && request.url.endsWith('/half') ? 'duplex.v1' : false })
server.on('listening', () => console.log(server.address().port))
server.on('connection', (w, request) => talk(w, ...request.url.slice(1).split('/')))

require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [name, scenario, url, protocol] = line.split(' ')
  const w = new WebSocket(url, protocol ? [protocol] : [], { perMessageDeflate: true })
  w.on('open', () => talk(w, name, scenario))
}).on('close', () => process.exit())
