// The thread that holds the engine: takes requests one after the other, answers each, whatever went wrong.
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine.mjs';

const engine = new Engine(workerData.nodeModules);

const operations = {
  ping: () => ({ libraries: engine.names() }),
  load: ({ elm }) => engine.load(elm),
  evaluate: (request, part) => engine.evaluate(request, part),
  value_sets: ({ sets }) => engine.begin(sets),
  add_measure: (request) => engine.measures.add(request),
  add_plan: (request) => engine.plans.add(request),
  plan: (request, part) => engine.plans.evaluate(request, part),
  measure: (request, part) => engine.measures.evaluate(request, part),
  explain: (request) => engine.explain(request),
  explain_plan: (request) => engine.plans.explain(request),
  explain_measure: (request) => engine.measures.explain(request),
};

async function answer(line) {
  let request = {};
  try {
    request = JSON.parse(line);
    const operation = operations[request.op];
    if (!operation) throw new Error('there is no such operation');
    // What answers many questions tells of each as it comes: should the next one break the worker, these stand.
    const part = (each) => parentPort.postMessage(JSON.stringify({ id: request.id, part: each }));
    return { id: request.id, result: await operation(request, part) };
  } catch (problem) {
    // Only the kind of error: a message may quote the chart.
    return { id: request.id ?? null, error: problem.name ?? 'Error' };
  }
}

let before = Promise.resolve();
parentPort.on('message', (line) => {
  before = before.then(async () => parentPort.postMessage(JSON.stringify(await answer(line))));
});
