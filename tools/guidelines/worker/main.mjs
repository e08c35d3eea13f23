// The guideline worker: one JSON request a line on stdin, one JSON answer a line on stdout, logs on stderr.
//   node main.mjs NODE_MODULES MEGABYTES
// The engine runs in a thread, so that this one always notices when stdin ends (the parent is gone, however it went) and
// leaves at once, even in the middle of a clause that never ends.
import { Worker } from 'node:worker_threads';

const [nodeModules, megabytes] = process.argv.slice(2);
const engine = new Worker(new URL('./thread.mjs', import.meta.url), {
  workerData: { nodeModules },
  resourceLimits: { maxOldGenerationSizeMb: Number(megabytes) },
  stdout: true, // what a library prints must not mix with the answers
});
engine.stdout.pipe(process.stderr);

engine.on('message', (line) => process.stdout.write(line + '\n'));
engine.on('error', (problem) => {
  process.stderr.write(`engine ended: ${problem.code ?? problem.name}\n`);
  process.exit(1);
});

let pieces = [];
process.stdin.on('data', (chunk) => {
  let start = 0;
  for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
    pieces.push(chunk.subarray(start, end));
    engine.postMessage(Buffer.concat(pieces).toString('utf8'));
    pieces = [];
    start = end + 1;
  }
  if (start < chunk.length) pieces.push(chunk.subarray(start));
});
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
