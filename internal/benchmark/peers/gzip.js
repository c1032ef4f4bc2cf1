// Standard input through gzip to standard output: "d" takes it apart, a number is
// the level.
const zlib = require('zlib');
const how = process.argv[2];
const stream = how === 'd' ? zlib.createGunzip() : zlib.createGzip({level: Number(how)});
require('stream').pipeline(process.stdin, stream, process.stdout, (err) => { if (err) throw err; });
