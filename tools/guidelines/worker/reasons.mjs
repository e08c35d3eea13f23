// Why: the clauses that decided a clause, with what each asks in words, its value, and the resources that it looked at.
import { includes } from './elm.mjs';
import { lookedFor, words } from './words.mjs';

const DEEPEST = 7;

export class Reasons {
  #elm;
  #chart;
  #said;

  // `elm` are the libraries by name, `said` puts a value in words.
  constructor(elm, chart, said) {
    this.#elm = elm;
    this.#chart = chart;
    this.#said = said;
  }

  // The reasons of a define of a library; `parsed` and `context` are that library's.
  async of(name, define, parsed, context, depth = 0) {
    const library = this.#elm.get(name);
    const definition = library?.statements.def.find((each) => each.name === define);
    const expression = parsed?.expressions[define];
    if (!definition || !expression) return null;
    const value = await this.#value(expression, context, define);
    const row = { define, library: name, words: define, ...this.#told(value) };
    if (depth >= DEEPEST) return row;
    const place = { library, parsed, context };
    const decided = this.#isLogic(definition.expression);
    const because = decided ? await this.#inside(definition.expression, expression.expression, place, value, depth) : await this.#named(definition.expression, place, depth);
    const asked = decided ? [] : [...new Set([...retrieves(definition.expression)].map(lookedFor))];
    return { ...row, ...(asked.length && { looked_for: asked }), ...(because.length && { because }) };
  }

  #isLogic(node) {
    return ['And', 'Or', 'Not', 'Exists', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal', 'NotEqual', 'In', 'IsNull', 'Coalesce', 'ExpressionRef', 'Xor', 'IsTrue', 'IsFalse'].includes(node?.type);
  }

  // The parts of an and, an or, a not: those that made it what it is.
  async #inside(node, parsed, place, value, depth) {
    if (!['And', 'Or', 'Not'].includes(node.type)) return this.#part(node, parsed, place, depth, true);
    const operands = [node.operand].flat();
    const found = [];
    for (const [index, operand] of operands.entries()) {
      const executable = parsed?.args?.[index] ?? parsed?.arg;
      if (operand.type === node.type) {
        found.push(...(await this.#inside(operand, executable, place, await this.#value(executable, place.context), depth)));
      } else found.push(...(await this.#part(operand, executable, place, depth)));
    }
    const decisive = node.type === 'Not' ? found : found.filter((each) => each.value === value);
    return decisive.length ? decisive : found;
  }

  // One part: a named clause with its own reasons, else what it asks in words with the named clauses that it compares.
  async #part(node, parsed, place, depth, only = false) {
    if (node.type === 'ExpressionRef') return this.#named(node, place, depth);
    const value = await this.#value(parsed, place.context);
    const inner = ['And', 'Or', 'Not'].includes(node.type)
      ? await this.#inside(node, parsed, place, value, depth + 1)
      : await this.#named(node, place, depth + 1);
    if (only) return inner;
    // "There is X" and what X found are one line.
    if (node.type === 'Exists' && inner.length === 1) return [{ ...inner[0], words: words(node), value }];
    return [{ words: words(node), ...this.#told(value), ...(inner.length && { because: inner }) }];
  }

  // The named clauses in an expression, each once.
  async #named(node, place, depth) {
    const seen = new Set();
    const found = [];
    for (const each of references(node)) {
      const key = `${each.libraryName ?? ''}.${each.name}`;
      if (seen.has(key) || each.name === 'Patient') continue;
      seen.add(key);
      const there = this.#step(place, each.libraryName);
      const row = there && (await this.of(there.name, each.name, there.parsed, there.context, depth + 1));
      if (row) found.push(row);
    }
    return found;
  }

  #step({ library, parsed, context }, alias) {
    if (!alias) return { name: library.identifier.id, parsed, context };
    return { name: includes(library).get(alias), parsed: parsed.includes[alias], context: context.getLibraryContext(alias) };
  }

  async #value(executable, context, define) {
    const known = define !== undefined && Object.hasOwn(context.context_values, define) ? context.context_values[define] : undefined;
    if (known !== undefined) return known;
    try {
      return await executable.execute(context);
    } catch {
      return undefined;
    }
  }

  #told(value) {
    return { value: value === undefined ? 'no answer' : this.#said.words(value), looked_at: this.#said.references(value) };
  }
}

function* references(node) {
  if (node === null || typeof node !== 'object') return;
  if (node.type === 'ExpressionRef') yield node;
  for (const each of Object.values(node)) yield* references(each);
}

function* retrieves(node) {
  if (node === null || typeof node !== 'object') return;
  if (node.type === 'Retrieve') yield node;
  for (const each of Object.values(node)) yield* retrieves(each);
}
