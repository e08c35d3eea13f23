// What others published: libraries and value sets parsed once and kept, and one patient's chart as many artifacts ask about it.
import { Contexts } from './contexts.mjs';
import { asksForNegation, bare, nameOf, needs, withConcepts } from './elm.mjs';
import { MeasureChart } from './measure_chart.mjs';
import { ValueSets } from './valuesets.mjs';

const PERIODS = ['Measurement Period', 'MeasurementPeriod'];

export class Published {
  #cql;
  #model;
  #valueSets;
  #elm = new Map();
  #parsed = new Map();

  constructor(cql, model) {
    this.#cql = cql;
    this.#model = model;
  }

  // Begin with these value sets; what was held before is let go.
  begin(sets) {
    this.#valueSets = new ValueSets(this.#cql);
    [this.#elm, this.#parsed].forEach((each) => each.clear());
    this.#valueSets.add(sets);
    return { valueSets: sets.length };
  }

  // The libraries of one artifact, given as ELM by content key (`elm` only where the key is new). `prepare` may write defines into
  // them before they are parsed, and returns those that it changed.
  keep(libraries, prepare = () => []) {
    for (const { key, elm } of libraries) if (elm) this.#elm.set(key, bare(JSON.parse(elm)).library);
    const keys = new Map(libraries.map(({ key }) => [this.#elm.get(key).identifier.id, key]));
    const elm = new Map([...keys].map(([name, key]) => [name, this.#elm.get(key)]));
    elm.forEach((each) => withConcepts(each, elm));
    for (const changed of prepare(elm)) this.#parsed.delete(changed);
    return {
      elm,
      library: (name) => this.#library(name, keys),
      negation: asksForNegation(elm),
      types: [...new Set([...elm.values()].flatMap((each) => Object.keys(needs(each, elm))))],
    };
  }

  // Parsed once for as many artifacts as include exactly it, with exactly the same libraries behind it.
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

  // One patient, one period, one moment: the chart, and the evaluation contexts over it.
  visit({ now, start, end, resources, trust }) {
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
    return { chart, contexts };
  }
}

// The value set whose absence is behind an error of the engine.
export function missing(problem) {
  for (let each = problem; each; each = each.cause) if (each.valueSet) return each.valueSet;
  return undefined;
}
