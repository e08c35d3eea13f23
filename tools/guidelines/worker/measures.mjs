// FHIR measures: libraries and value sets parsed once and kept; many measures of one patient in one call, over one index.
import { Contexts, valueOf } from './contexts.mjs';
import { asksForNegation, bare, nameOf, needs, withConcepts } from './elm.mjs';
import { Explanation } from './explain.mjs';
import { MeasureChart } from './measure_chart.mjs';
import { observing, standing } from './observing.mjs';
import { counted, counts, gaps, observations } from './populations.mjs';
import { ValueSets } from './valuesets.mjs';

const PERIODS = ['Measurement Period', 'MeasurementPeriod'];

const OBSERVATION = 'measure-observation';

export class Measures {
  #cql;
  #model;
  #valueSets;
  #elm = new Map();
  #parsed = new Map();
  #measures = new Map();

  constructor(cql, model) {
    this.#cql = cql;
    this.#model = model;
  }

  // Begin with these value sets; what was held before is let go.
  begin(sets) {
    this.#valueSets = new ValueSets(this.#cql);
    [this.#elm, this.#parsed, this.#measures].forEach((each) => each.clear());
    this.#valueSets.add(sets);
    return { valueSets: sets.length };
  }

  // Keep a measure: `libraries` are its ELM by content key (`elm` only where the key is new). Gives the types that it retrieves.
  add({ measure, libraries }) {
    for (const { key, elm } of libraries) if (elm) this.#elm.set(key, bare(JSON.parse(elm)).library);
    const keys = new Map(libraries.map(({ key }) => [this.#elm.get(key).identifier.id, key]));
    const elm = new Map([...keys].map(([name, key]) => [name, this.#elm.get(key)]));
    elm.forEach((each) => withConcepts(each, elm));
    if (observing(measure, elm.get(measure.library))) this.#parsed.delete(elm.get(measure.library));
    const library = this.#library(measure.library, keys);
    this.#measures.set(measure.url, { measure, library, elm, negation: asksForNegation(elm) });
    return { types: [...new Set([...elm.values()].flatMap((each) => Object.keys(needs(each, elm))))] };
  }

  // Parsed once for as many measures as include exactly it, with exactly the same libraries behind it.
  #library(name, keys) {
    if (!keys.has(name)) throw new Error('a library is not there');
    const library = this.#elm.get(keys.get(name));
    const included = (library.includes?.def ?? []).map((each) => this.#library(nameOf(each.path), keys));
    const same = this.#parsed.get(library)?.find((each) => each.included.every((one, index) => one === included[index]));
    if (same) return same.parsed;
    const byName = new Map((library.includes?.def ?? []).map((each, index) => [each.path, included[index]]));
    const parsed = new this.#cql.Library({ library }, { resolve: (path) => byName.get(path) });
    this.#parsed.set(library, [...(this.#parsed.get(library) ?? []), { included, parsed }]);
    return parsed;
  }

  async evaluate({ now, start, end, resources, measures, explain, trust }) {
    const { DateTime, Interval } = this.#cql;
    const chart = new MeasureChart(resources, this.#model, trust);
    const period = new Interval(DateTime.parse(start), DateTime.parse(end));
    const given = Object.fromEntries(PERIODS.map((each) => [each, period]));
    // Logic that asks for what was refused or not done sees it, any other does not.
    const made = new Map();
    const contexts = (negation) => {
      if (!made.has(negation)) made.set(negation, new Contexts(this.#cql, chart.patient(negation), this.#valueSets, given, DateTime.parse(now)));
      return made.get(negation);
    };
    const results = [];
    for (const url of measures) results.push(await this.#result(url, contexts, chart, explain));
    return { results };
  }

  async #result(url, contexts, chart, explain) {
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
      const found = of?.members.size ? observations(rows, of, await value(each.observes), group.basis, chart) : [];
      observed.push(found);
    }
    const counted_ = { ...counts(rows), ...(observed.length ? { [OBSERVATION]: observed.flat().length } : {}) };
    const strata = [];
    for (const { id, expression } of group.strata) strata.push([id, await stratum(expression, value)]);
    return { counts: counted_, ...gaps(rows), observed, strata };
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

// The value set whose absence is behind an error of the engine.
function missing(problem) {
  for (let each = problem; each; each = each.cause) if (each.valueSet) return each.valueSet;
  return undefined;
}
