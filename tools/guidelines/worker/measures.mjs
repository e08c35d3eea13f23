// FHIR measures: libraries and value sets parsed once and kept; many measures of one patient in one call, over one index.
import { Contexts, valueOf } from './contexts.mjs';
import { bare, nameOf, needs, withConcepts } from './elm.mjs';
import { Explanation } from './explain.mjs';
import { MeasureChart } from './measure_chart.mjs';
import { counted, gaps } from './populations.mjs';
import { ValueSets } from './valuesets.mjs';

const PERIOD = 'Measurement Period';

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
    const library = this.#library(measure.library, keys);
    this.#measures.set(measure.url, { measure, library, elm });
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
    const period = { [PERIOD]: new Interval(DateTime.parse(start), DateTime.parse(end)) };
    const contexts = new Contexts(this.#cql, chart.patient(), this.#valueSets, period, DateTime.parse(now));
    const results = [];
    for (const url of measures) results.push(await this.#result(url, contexts, chart, explain));
    return { results };
  }

  async #result(url, contexts, chart, explain) {
    const held = this.#measures.get(url);
    if (!held) return { measure: url, failed: 'the measure itself', groups: [] };
    const context = contexts.of(held.library);
    let asked;
    try {
      const groups = [];
      for (const { basis, populations } of held.measure.groups) {
        const values = {};
        for (const { code, expression } of populations) values[code] = await valueOf(context, (asked = expression));
        const found = counted(values, basis, chart);
        const counts = Object.fromEntries(Object.entries(found).map(([code, members]) => [code, members.size]));
        groups.push({ counts, ...gaps(found) });
      }
      return { measure: url, groups, clauses: explain ? this.#clauses(held, context, chart) : [] };
    } catch (problem) {
      return { measure: url, groups: [], failed: asked, valueSet: missing(problem) };
    }
  }

  #clauses({ measure, elm }, context, chart) {
    const asked = measure.groups.flatMap((group) => group.populations.map((each) => each.expression));
    return new Explanation(measure.library, elm, context, chart).clauses([...new Set(asked)]);
  }
}

// The value set whose absence is behind an error of the engine.
function missing(problem) {
  for (let each = problem; each; each = each.cause) if (each.valueSet) return each.valueSet;
  return undefined;
}
