// The client of the page's net program, unchanged but for the port.
const { connect } = require('net');

const TIMEOUTS = {
  client: {
    allDone: 3250,
    end: 250
  },
};

// CLIENT
const netClient = connect(PORT, '127.0.0.1')

netClient.on('data', (data) => {
  console.log('client received data:', data.toString());
});
netClient.write('starting client');

setTimeout(() => {
  netClient.write('all done');
  setTimeout(() => {
    console.log('client .end() here')

    netClient.end();
  }, TIMEOUTS.client.end);
}, TIMEOUTS.client.allDone);
