// Times the published cases under three engines in one process: node guidelines.mjs NODE_MODULES WORKER_FOLDER [FQM_NODE_MODULES]
// stdin: one JSON object a line: {"valueSets": […]}, {"measure": …, "libraries": […], "bundle": …} for each measure, then {"cases": […]}.
// stdout: one JSON object: by engine, milliseconds of CPU time of each case; reading JSON is nobody's time.
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const [nodeModules, worker, fqmModules] = process.argv.slice(2);
const answerWith = process.stdout.write.bind(process.stdout);
for (const each of ['log', 'info', 'debug', 'warn', 'error']) console[each] = () => {};
const require = createRequire(import.meta.url);
const cql = require(path.join(nodeModules, 'cql-execution'));
const { PatientSource } = require(path.join(nodeModules, 'cql-exec-fhir'));
const { Model } = await import(pathToFileURL(path.join(worker, 'objects.mjs')));
const { Measures } = await import(pathToFileURL(path.join(worker, 'measures.mjs')));
const { Published } = await import(pathToFileURL(path.join(worker, 'published.mjs')));
const { counted, counts } = await import(pathToFileURL(path.join(worker, 'populations.mjs')));

const model = new Model(require(path.join(nodeModules, 'cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml.js')), cql);
const published = new Published(cql, model);
const ours = new Measures(published);
const known = new Map();
let codes;
const fqmSets = new Map();

const moment = (text) => cql.DateTime.parse(text.replace('Z', '+00:00'));
const parameters = (each) => ({ 'Measurement Period': new cql.Interval(moment(each.start), moment(each.end)) });

async function withOurs(each) {
  let result;
  await ours.evaluate({ now: each.end, start: each.start, end: each.end, resources: each.resources, measures: [each.measure], trust: true }, (found) => { result = found; });
  return result.groups.map((group) => group.counts);
}

// The reference engine as its documentation uses it, the model read once.
const base = PatientSource.FHIRv401({ requireProfileTagging: true });
const elsewhere = { referenceOf: (value) => value?.id?.value };
async function withPlain(each) {
  const { measure, library } = known.get(each.measure);
  base.reset();
  base.loadBundles([each.bundle]);
  const context = new cql.PatientContext(library, base.currentPatient(), codes, parameters(each), moment(each.end));
  const groups = [];
  for (const group of measure.groups) {
    const values = [];
    for (const { expression } of group.populations) values.push(await library.expressions[expression].execute(context));
    groups.push(counts(counted(group, values, elsewhere)));
  }
  return groups;
}

async function withFqm(each) {
  const { Calculator } = require(path.join(fqmModules, 'fqm-execution'));
  const options = { measurementPeriodStart: each.start.slice(0, 10), measurementPeriodEnd: each.end.slice(0, 10), trustMetaProfile: true, reportType: 'individual', calculateHTML: false, calculateClauseCoverage: false, calculateSDEs: false };
  return (await Calculator.calculateMeasureReports(known.get(each.measure).bundle, [each.bundle], options)).results;
}

async function timed(engine, cases) {
  const found = {};
  for (const each of cases) {
    const begun = process.cpuUsage(); // other work on the machine is not the engine's
    await engine(each);
    const { user, system } = process.cpuUsage(begun);
    found[each.id] = (user + system) / 1000;
  }
  return found;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const given = JSON.parse(line);
  if (given.valueSets) {
    published.begin(given.valueSets);
    const sets = {};
    for (const { url, version, codes: members } of given.valueSets) {
      (sets[url] ??= {})[version] = members.map(([code, system]) => ({ code, system, version }));
      fqmSets.set(url, { resourceType: 'ValueSet', url, version, expansion: { contains: members.map(([code, system]) => ({ code, system })) } });
    }
    codes = new cql.CodeService(sets);
  } else if (given.measure) {
    ours.add({ measure: given.measure, libraries: given.libraries });
    const published = new Map(given.published.map((each) => [each.library.identifier.id, each]));
    const parsed = new Map();
    const resolve = (name) => {
      const last = name.slice(name.lastIndexOf('/') + 1);
      if (!parsed.has(last)) parsed.set(last, new cql.Library(published.get(last), { resolve }));
      return parsed.get(last);
    };
    const library = resolve(given.measure.library);
    // Each measure's bundle with the value sets that it names, and an empty one for what does not exist, or fqm refuses it.
    const named = new Set(given.published.flatMap((each) => each.library.valueSets?.def ?? []).map((each) => each.id));
    const empty = (url) => ({ resourceType: 'ValueSet', url, expansion: { contains: [] } });
    const bundle = { ...given.bundle, entry: [...given.bundle.entry, ...[...named].map((url) => ({ resource: fqmSets.get(url) ?? empty(url) }))] };
    known.set(given.measure.url, { measure: given.measure, library, bundle });
  } else {
    const rows = {};
    for (const [name, engine, every] of [['ours', withOurs, 1], ['plain', withPlain, 1], ...(fqmModules ? [['fqm', withFqm, 6]] : [])]) {
      const cases = given.cases.filter((_, index) => index % every === 0);
      await timed(engine, cases.slice(0, 12)); // warm
      rows[name] = await timed(engine, cases);
    }
    answerWith(JSON.stringify(rows));
  }
}
