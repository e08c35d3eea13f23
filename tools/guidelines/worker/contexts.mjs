// Evaluation contexts that many measures of one patient share: what two measures include, and ask alike, is worked out once.

// Made for one engine, one patient, one period and one moment.
export class Contexts {
  #made = new Map();
  #context;

  constructor({ PatientContext }, patient, codeService, parameters, now) {
    const contexts = this;
    class Shared extends PatientContext {
      getLibraryContext(alias) {
        return contexts.of(this.get(alias));
      }
    }
    this.#context = (library) => new Shared(library, patient, codeService, parameters, now);
  }

  // The context of a parsed library.
  of(library) {
    if (!this.#made.has(library)) this.#made.set(library, this.#context(library));
    return this.#made.get(library);
  }
}

// The value of a define, worked out once; one of an included library is named `Alias.Define`.
export async function valueOf(context, define) {
  const expression = context.library.expressions[define];
  if (!expression) return valueOf(...elsewhere(context, define));
  const known = Object.hasOwn(context.context_values, define) ? context.context_values[define] : undefined;
  return known === undefined ? expression.execute(context) : known;
}

const ALIASED = /^([^.]+)\.(.+)$/;

// Whether a parsed library has a define, its own or one of an included library.
export function defined(library, define) {
  const [, alias, name] = ALIASED.exec(define) ?? [];
  return Boolean(library.expressions[define] ?? (alias && library.includes[alias]?.expressions[name]));
}

function elsewhere(context, define) {
  if (!defined(context.library, define)) throw new Error('a define is not there');
  const [, alias, name] = ALIASED.exec(define);
  return [context.getLibraryContext(alias), name];
}
