// Why: the clauses that were evaluated for a recommendation, what came out of each, and the resources behind them.
import { dependencies, includes } from './elm.mjs';

// The clauses that are asked for by name, in the order in which they are asked.
export const ASKED = ['Applies', 'Excluded', 'Declined', 'Done', 'Due'];

export class Explanation {
  #name;
  #elm;
  #context;
  #chart;

  constructor(name, elm, context, chart) {
    this.#name = name;
    this.#elm = elm;
    this.#context = context;
    this.#chart = chart;
  }

  // The references of the resources within a value: a resource, a list, a tuple.
  references(value, found = new Set()) {
    const reference = value !== null && typeof value === 'object' ? this.#chart.referenceOf(value) : undefined;
    if (reference) found.add(reference);
    else if (Array.isArray(value)) value.forEach((each) => this.references(each, found));
    else if (value?.constructor === Object) Object.values(value).forEach((each) => this.references(each, found));
    return [...found];
  }

  // Each clause reached from the asked ones, once: {define, value, looked_at}.
  clauses(asked = ASKED) {
    const seen = new Map();
    for (const define of asked) this.#collect(this.#root(), define, seen);
    return [...seen.values()];
  }

  // The resources that the clauses beneath one clause hold.
  behind(define) {
    const seen = new Map();
    this.#collect(this.#root(), define, seen);
    return [...new Set([...seen.values()].flatMap((each) => each.looked_at))];
  }

  #root() {
    return { library: this.#elm.get(this.#name), context: this.#context };
  }

  #step(place, alias) {
    if (!alias) return place;
    return { library: this.#elm.get(includes(place.library).get(alias)), context: place.context.getLibraryContext(alias) };
  }

  // A clause that was never evaluated (a case not reached, another already decided) has no value and is left out.
  #clause({ library, context }, define) {
    if (!library || !context) return null;
    const value = Object.hasOwn(context.context_values, define) ? context.context_values[define] : undefined;
    if (value === undefined) return null;
    return { define, library: library.identifier.id, value: this.words(value), looked_at: this.references(value) };
  }

  #collect(place, define, seen) {
    const clause = this.#clause(place, define);
    const key = `${place.library?.identifier.id}.${define}`;
    if (!clause || seen.has(key)) return;
    seen.set(key, clause);
    for (const [alias, name] of dependencies(place.library, define)) this.#collect(this.#step(place, alias), name, seen);
  }

  // A value as it is told: true, false, a number, how many.
  words(value) {
    if (value === null || typeof value === 'boolean') return value;
    if (Array.isArray(value)) return `${value.length} found`;
    if (this.#chart.referenceOf(value)) return this.#chart.referenceOf(value);
    if (value.constructor !== Object) return String(value);
    const told = Object.entries(value).filter(([, each]) => each !== null && typeof each !== 'function' && !this.references(each).length);
    return told.length ? told.map(([name, each]) => `${name} ${this.words(each)}`).join(', ') : `${this.references(value).length} found`;
  }
}
