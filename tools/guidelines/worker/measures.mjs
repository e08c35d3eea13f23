// FHIR measures: many measures of one patient in one call, over one index of the chart.
import { valueOf } from './contexts.mjs';
import { Explanation } from './explain.mjs';
import { observing, standing } from './observing.mjs';
import { counted, counts, gaps, observations } from './populations.mjs';
import { missing } from './published.mjs';
import { Reasons } from './reasons.mjs';

const OBSERVATION = 'measure-observation';

export class Measures {
  #published;
  #measures = new Map();

  constructor(published) {
    this.#published = published;
  }

  clear() {
    this.#measures.clear();
  }

  // Keep a measure with its libraries. Gives the types that it retrieves.
  add({ measure, libraries }) {
    const main = (elm) => elm.get(measure.library);
    const held = this.#published.keep(libraries, (elm) => (observing(measure, main(elm)) ? [main(elm)] : []));
    this.#measures.set(measure.url, { ...held, measure, library: held.library(measure.library) });
    return { types: held.types };
  }

  async evaluate({ measures, explain, ...request }, part) {
    const visit = this.#published.visit(request);
    for (const url of measures) part(await this.#result(url, visit, explain));
    return { answered: measures.length };
  }

  // Why a patient is in each population of a measure or not.
  async explain({ measure: url, ...request }) {
    const { chart, contexts } = this.#published.visit(request);
    const { measure, elm, library, negation } = this.#measures.get(url);
    const context = contexts(negation).of(library);
    const reasons = new Reasons(elm, chart, new Explanation(measure.library, elm, context, chart));
    const rows = [];
    for (const { code, expression } of measure.groups.flatMap((group) => group.populations)) {
      const found = code === OBSERVATION ? null : await reasons.of(measure.library, expression, library, context);
      if (found) rows.push({ ...found, words: `${code}: ${expression}` });
    }
    return { reasons: rows };
  }

  async #result(url, { chart, contexts }, explain) {
    const held = this.#measures.get(url);
    if (!held) return { measure: url, failed: 'the measure itself', groups: [] };
    const context = contexts(held.negation).of(held.library);
    const asked = { define: undefined };
    const value = (define) => valueOf(context, (asked.define = define));
    try {
      const groups = [];
      for (const group of held.measure.groups) groups.push(await this.#group(group, value, chart));
      return { measure: url, groups, clauses: explain ? this.#clauses(held, context, chart) : [] };
    } catch (problem) {
      return { measure: url, groups: [], failed: asked.define, valueSet: missing(problem) };
    }
  }

  async #group(group, value, chart) {
    const values = [];
    for (const { expression, code } of group.populations) values.push(code === OBSERVATION ? [] : await value(expression));
    const rows = counted(group, values, chart);
    const observed = [];
    for (const each of rows.filter((row) => row.code === OBSERVATION)) {
      const of = standing(group, rows, each);
      observed.push(of?.members.size ? observations(rows, of, await value(each.observes), group.basis, chart) : []);
    }
    const number = { ...counts(rows), ...(observed.length ? { [OBSERVATION]: observed.flat().length } : {}) };
    const strata = [];
    for (const { id, expression } of group.strata) strata.push([id, await stratum(expression, value)]);
    return { counts: number, ...gaps(rows), observed, strata };
  }

  #clauses({ measure, elm }, context, chart) {
    const asked = measure.groups.flatMap((group) => group.populations.filter((each) => each.code !== OBSERVATION).map((each) => each.expression));
    return new Explanation(measure.library, elm, context, chart).clauses([...new Set(asked)]);
  }
}

// Whether the patient, or anything counted of them, falls in a stratum; null where that cannot be said: it decides no population.
async function stratum(expression, value) {
  try {
    const found = await value(expression);
    return Array.isArray(found) ? found.length > 0 : found ?? false;
  } catch {
    return null;
  }
}
