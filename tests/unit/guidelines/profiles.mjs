// The profiles that plain resources stand for: node profiles.mjs WORKER_FOLDER; stdin: a JSON list of resources, stdout: a list for each.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { profiles } = await import(pathToFileURL(path.join(process.argv[2], 'profiles.mjs')));
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
process.stdout.write(JSON.stringify(JSON.parse(Buffer.concat(chunks)).map((each) => [...profiles(each, false)])));
