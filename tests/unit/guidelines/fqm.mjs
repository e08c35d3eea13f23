// The counts that fqm-execution gives: node fqm.mjs NODE_MODULES; stdin: one JSON object a line, {"bundle", "patients": [{"id", "start", "end", "bundle"}]};
// stdout: one JSON object, by patient id the groups, each {population code: count}.
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

const [nodeModules] = process.argv.slice(2);
for (const each of ['log', 'info', 'debug', 'warn', 'error']) console[each] = () => {};
const { Calculator } = createRequire(import.meta.url)(path.join(nodeModules, 'fqm-execution'));

// How often each population is true: of the patient, or of each visit.
function counts({ populationResults, episodeResults }) {
  const rows = episodeResults?.length ? episodeResults.flatMap((each) => each.populationResults) : populationResults;
  const found = {};
  for (const { populationType, result } of rows) found[populationType] = (found[populationType] ?? 0) + (result ? 1 : 0);
  return found;
}

const found = {};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { bundle, patients, trust } = JSON.parse(line);
  for (const { id, start, end, bundle: patient } of patients) {
    const options = { measurementPeriodStart: start, measurementPeriodEnd: end, trustMetaProfile: trust, calculateHTML: false, calculateClauseCoverage: false, calculateSDEs: false };
    const [{ detailedResults }] = (await Calculator.calculate(bundle, [patient], options)).results;
    found[id] = detailedResults.map(counts);
  }
}
process.stdout.write(JSON.stringify(found));
