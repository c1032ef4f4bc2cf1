// gzip.js encode LEVEL FILE times createGzip on FILE, gzip.js decode TIMES FILE
// createGunzip so many times, fed in pieces of 64 KiB. It prints the nanoseconds
// on the wall, those of processor time, and the bytes of output.
const {createGzip, createGunzip} = require('zlib');
const [what, number, file] = process.argv.slice(2);
const data = require('fs').readFileSync(file);
let left = what === 'decode' ? Number(number) : 1, size = 0;
const cpu = process.cpuUsage(), began = process.hrtime.bigint();

function once() {
  const z = what === 'decode' ? createGunzip() : createGzip({level: Number(number)});
  z.on('data', (chunk) => size += chunk.length);
  z.on('end', () => {
    if (--left > 0) return once();
    const took = process.hrtime.bigint() - began, used = process.cpuUsage(cpu);
    console.log(String(took), (used.user + used.system) * 1000, size);
  });
  let at = 0;
  (function next() {
    while (at < data.length) {
      const chunk = data.subarray(at, at += 65536);
      if (!z.write(chunk)) return z.once('drain', next);
    }
    z.end();
  })();
}
once();
