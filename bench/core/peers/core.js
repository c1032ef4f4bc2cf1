// core.js STREAMS SIZE WRITES moves so many writes of SIZE bytes through so many
// PassThroughs by stream.pipeline, after a tenth of that to warm up. It prints the
// nanoseconds and the bytes that arrived.
const {Readable, PassThrough, Writable} = require('stream');
const {pipeline} = require('stream/promises');
const [streams, size, writes] = process.argv.slice(2).map(Number);
const chunk = Buffer.alloc(size);

async function move(writes) {
  let left = writes, got = 0;
  const source = new Readable({
    read() {
      while (left > 0) {
        left--;
        if (!this.push(chunk)) return;
      }
      this.push(null);
    },
  });
  const sink = new Writable({
    write(p, _, done) {
      got += p.length;
      done();
    },
  });
  await pipeline(source, ...Array.from({length: streams}, () => new PassThrough()), sink);
  return got;
}

(async () => {
  await move(writes / 10);
  const began = process.hrtime.bigint();
  const got = await move(writes);
  console.log(String(process.hrtime.bigint() - began), got);
})();
