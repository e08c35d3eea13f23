// CQL evaluation: libraries parsed once and kept; a chart parsed once and evaluated with and without what is doubtful.
import { createRequire } from 'node:module';
import path from 'node:path';
import { Chart } from './chart.mjs';
import { ASKED, Explanation } from './explain.mjs';
import { needs, withConcepts } from './elm.mjs';
import { Measures } from './measures.mjs';
import { Model } from './objects.mjs';
import { Plans } from './plans.mjs';
import { Published } from './published.mjs';
import { Reasons } from './reasons.mjs';

// The order matters: a recommendation that does not apply is asked nothing more.
const STATES = [['Excluded', 'excluded'], ['Declined', 'declined'], ['Done', 'done']];

// What the logic itself says of why it has no answer.
const UNCHECKED = 'Unchecked Because';

const MODEL_INFO = 'cql-exec-fhir/lib/modelInfos/fhir-modelinfo-4.0.1.xml.js';

export class Engine {
  #require = createRequire(import.meta.url);
  #cql;
  #model;
  #published;
  #measures;
  #plans;
  #libraries = new Map();
  #elm = new Map();

  constructor(nodeModules) {
    this.#cql = this.#require(path.join(nodeModules, 'cql-execution'));
    this.#model = new Model(this.#require(path.join(nodeModules, MODEL_INFO)), this.#cql);
    this.#published = new Published(this.#cql, this.#model);
    this.#measures = new Measures(this.#published);
    this.#plans = new Plans(this.#published, this.#cql);
  }

  get measures() {
    return this.#measures;
  }

  get plans() {
    return this.#plans;
  }

  // Begin with the value sets of others' artifacts; what was held of them before is let go.
  begin(sets) {
    this.#measures.clear();
    this.#plans.clear();
    return this.#published.begin(sets);
  }

  names() {
    return [...this.#libraries.keys()];
  }

  // Parse ELM libraries; one that cannot be parsed is named in `broken` and does not keep the others from working.
  load(elm) {
    for (const source of elm) {
      this.#elm.set(source.library.identifier.id, source.library);
      this.#libraries.delete(source.library.identifier.id);
    }
    const answer = { broken: [], needs: {} };
    for (const name of elm.map((source) => source.library.identifier.id)) {
      try {
        answer.needs[name] = needs(withConcepts(this.#elm.get(name), this.#elm), this.#elm);
        this.#parsed(name);
      } catch {
        answer.broken.push(name);
      }
    }
    return answer;
  }

  // A library is parsed once, however many others include it.
  #parsed(name) {
    if (!this.#libraries.has(name)) {
      const library = this.#elm.get(name);
      if (!library) throw new Error('a library is not there');
      const resolve = (each) => this.#parsed(each);
      this.#libraries.set(name, new this.#cql.Library({ library }, { resolve }));
    }
    return this.#libraries.get(name);
  }

  // Every recommendation over one chart; `doubtful` names what the appraisal distrusts.
  async evaluate({ now, resources, doubtful, libraries }, part) {
    const chart = new Chart(resources, this.#model);
    const distrusted = new Set(doubtful);
    for (const library of libraries) {
      const whole = await this.#pass(library, chart, now, new Set());
      const touched = doubtful.filter((each) => whole.touched.has(each));
      const trusted = touched.length ? await this.#pass(library, chart, now, distrusted) : whole;
      part({ library, whole: whole.answer, trusted: trusted.answer, touched });
    }
    return { answered: libraries.length };
  }

  // Why one recommendation came out so over one chart: its clauses in the order in which they are asked, up to the one that decided.
  async explain({ now, resources, library, doubtful = [] }) {
    const chart = new Chart(resources, this.#model);
    const { explanation, context, answer } = await this.#pass(library, chart, now, new Set(doubtful));
    const reasons = new Reasons(this.#elm, chart, explanation);
    const rows = [];
    // That it is due says no more than the others together.
    for (const define of ASKED.slice(0, answer.failed === 'Due' ? undefined : -1)) {
      rows.push(await reasons.of(library, define, this.#libraries.get(library), context));
      if (define === (answer.decided ?? answer.failed)) break;
    }
    return { why: answer.why, reasons: rows.filter(Boolean) };
  }

  async #pass(name, chart, now, without) {
    const touched = new Set();
    const library = this.#libraries.get(name);
    if (!library) return { answer: { why: 'could_not_check', failed: name }, touched };
    const moment = this.#cql.DateTime.parse(now);
    const context = new this.#cql.PatientContext(library, chart.view(without, touched), new this.#cql.CodeService({}), {}, moment);
    const explanation = new Explanation(name, this.#elm, context, chart);
    return { answer: await this.#decide(library, context, explanation), touched, explanation, context };
  }

  async #decide(library, context, explanation) {
    let asked;
    const value = async (define) => {
      asked = define;
      const known = context.get(define);
      const isExpression = known === undefined || known === library.expressions[define];
      if (!isExpression) return known;
      return library.expressions[define].execute(context);
    };
    try {
      const answer = await this.#state(library, value);
      if (answer.why === 'could_not_check') {
        if (library.expressions[UNCHECKED]) answer.sentence = await value(UNCHECKED);
        return { ...answer, clauses: explanation.clauses() };
      }
      const sentence = { due: 'Rationale', excluded: 'Excluded Because', declined: 'Declined Because', done: 'Done Because' }[answer.why];
      if (sentence && library.expressions[sentence]) answer.sentence = await value(sentence);
      answer.evidence = answer.why === 'due' ? explanation.references(await value('Evidence')) : explanation.behind(answer.decided);
      return { ...answer, clauses: explanation.clauses() };
    } catch {
      return { why: 'could_not_check', failed: asked, clauses: explanation.clauses() };
    }
  }

  // An answer that is neither true nor false is no answer: the recommendation could not be checked.
  async #state(library, value) {
    const applies = await value('Applies');
    if (applies === false) return { why: 'not_applicable', decided: 'Applies' };
    const answers = new Map([['Applies', applies]]);
    for (const [define] of STATES) answers.set(define, await value(define));
    for (const [define, answer] of answers) if (typeof answer !== 'boolean') return { why: 'could_not_check', failed: define };
    for (const [define, why] of STATES) if (answers.get(define)) return { why, decided: define };
    return (await value('Due')) === true ? { why: 'due', decided: 'Due' } : { why: 'could_not_check', failed: 'Due' };
  }
}
