// Others' PlanDefinitions: for each action whether its conditions hold, on what, and the values that it writes into its proposal.
import { defined, valueOf } from './contexts.mjs';
import { Explanation } from './explain.mjs';
import { CONTENT } from './objects.mjs';
import { missing } from './published.mjs';
import { Reasons } from './reasons.mjs';

export class Plans {
  #published;
  #cql;
  #plans = new Map();

  constructor(published, cql) {
    this.#published = published;
    this.#cql = cql;
  }

  clear() {
    this.#plans.clear();
  }

  // Keep an action: `conditions` and `values` are {library, define}. Gives the types that it retrieves.
  add({ plan, libraries }) {
    const held = this.#published.keep(libraries);
    const names = [...plan.conditions, ...plan.values].map((each) => each.library);
    const parsed = new Map([...new Set(names)].map((name) => [name, held.library(name)]));
    for (const { library, define } of [...plan.conditions, ...plan.values]) {
      if (!defined(parsed.get(library), define)) throw Object.assign(new Error('a define is not there'), { name: 'NoSuchDefine' });
    }
    this.#plans.set(plan.id, { ...held, plan, parsed });
    return { types: held.types };
  }

  async evaluate({ plans, ...request }, part) {
    const visit = this.#published.visit(request);
    for (const id of plans) part(await this.#result(id, visit));
    return { answered: plans.length };
  }

  async #result(id, { chart, contexts }) {
    const held = this.#plans.get(id);
    if (!held) return { failed: 'the plan itself' };
    const { plan, parsed } = held;
    const context = (name) => contexts(held.negation).of(parsed.get(name));
    const explained = (name) => new Explanation(name, held.elm, context(name), chart);
    const asked = { define: undefined };
    const value = async ({ library, define }) => valueOf(context(library), (asked.define = define));
    try {
      const answers = [];
      for (const each of plan.conditions) answers.push(await value(each));
      const clauses = plan.conditions.flatMap((each) => explained(each.library).clauses([each.define]));
      const unclear = plan.conditions.find((_, index) => typeof answers[index] !== 'boolean');
      if (answers.includes(false)) return { applies: false, clauses };
      if (unclear) return { failed: unclear.define, clauses };
      const values = [];
      for (const each of plan.values) values.push(this.#json(await value(each)));
      const evidence = [...new Set(plan.conditions.flatMap((each) => explained(each.library).behind(each.define)))];
      return { applies: true, clauses, values, evidence };
    } catch (problem) {
      return { failed: asked.define, valueSet: missing(problem) };
    }
  }

  // Why an action applies or does not: the reasons of each of its conditions.
  async explain({ plan: id, ...request }) {
    const { chart, contexts } = this.#published.visit(request);
    const { plan, parsed, elm, negation } = this.#plans.get(id);
    const rows = [];
    for (const { library, define } of plan.conditions) {
      const context = contexts(negation).of(parsed.get(library));
      const reasons = new Reasons(elm, chart, new Explanation(library, elm, context, chart));
      rows.push(await reasons.of(library, define, parsed.get(library), context));
    }
    return { reasons: rows.filter(Boolean) };
  }

  // A value as FHIR JSON with the kind it is of, or null.
  #json(value) {
    const { Code, Concept, Quantity } = this.#cql;
    const coding = ({ system, code, display }) => ({ ...(system && { system }), code, ...(display && { display }) });
    if (value == null) return null;
    if (value[CONTENT]) {
      const json = JSON.parse(value[CONTENT]());
      const { primitive, hierarchy } = value.constructor;
      return primitive ? { kind: typeof json.value, value: json.value } : { kind: hierarchy[0].name.replace(/^.*}/, ''), value: json };
    }
    if (value instanceof Code) return { kind: 'CodeableConcept', value: { coding: [coding(value)], ...(value.display && { text: value.display }) } };
    if (value instanceof Concept) return { kind: 'CodeableConcept', value: { coding: value.codes.map(coding), ...(value.display && { text: value.display }) } };
    if (value instanceof Quantity) return { kind: 'Quantity', value: { value: value.value, unit: value.unit, system: 'http://unitsofmeasure.org', code: value.unit } };
    if (['string', 'number', 'boolean'].includes(typeof value)) return { kind: typeof value, value };
    return { kind: 'string', value: String(value) };
  }
}
