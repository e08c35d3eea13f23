// One patient's chart, indexed by type and code and wrapped once for the engine, however often it is evaluated.

const NEGATION = 'urn:preround:negation';
export const keyOf = (coding) => `${coding.system ?? ''}|${coding.code}`;

// The codings of an element that CQL may filter by: a concept, a list of them, a bare coding; for a choice, its concept.
export function codings(resource, property) {
  const value = resource[property] ?? resource[`${property}CodeableConcept`] ?? [];
  return [value].flat().flatMap((each) => each.coding ?? (each.code ? [each] : []));
}

export class Chart {
  #wrapper;
  #entries = new Map();
  #indexes = new Map();
  #references = new WeakMap();

  constructor(resources, wrapper) {
    this.#wrapper = wrapper;
    for (const resource of resources) {
      const type = resource.resourceType;
      if (!this.#entries.has(type)) this.#entries.set(type, []);
      const negated = ['code', 'medication', 'vaccineCode'].some((each) => codings(resource, each).some((coding) => coding.system === NEGATION));
      this.#entries.get(type).push({ resource, negated, reference: `${type}/${resource.id}` });
    }
  }

  // The reference of a resource that came out of a retrieve, else undefined.
  referenceOf(value) {
    return this.#references.get(value);
  }

  // What the engine sees of the patient: everything but the references in `without`. What a retrieve hands out is noted in `touched`.
  view(without, touched) {
    const patient = this.#wrapper.wrap(this.#entries.get('Patient')[0].resource);
    const findRecords = (profile, details) => {
      const type = (details?.datatype ?? profile).replace(/^.*[}/]/, '');
      if (type === 'Patient') return [patient];
      const found = this.#retrieve(type, details).filter((entry) => !without.has(entry.reference));
      return found.map((entry) => {
        touched.add(entry.reference);
        return this.#wrap(entry);
      });
    };
    Object.defineProperty(patient, 'findRecords', { value: findRecords });
    this.#references.set(patient, `Patient/${this.#entries.get('Patient')[0].resource.id}`);
    return patient;
  }

  #wrap(entry) {
    if (!entry.wrapped) {
      entry.wrapped = this.#wrapper.wrap(entry.resource);
      this.#references.set(entry.wrapped, entry.reference);
    }
    return entry.wrapped;
  }

  // What was refused or not done answers only a retrieve that asks for exactly that.
  #retrieve(type, details) {
    // A list of codes or of concepts, or one value set: each concept and value set holds codes of its own.
    const codes = details?.codes && [details.codes].flat().flatMap((each) => each.codes ?? [each]);
    if (!codes) return (this.#entries.get(type) ?? []).filter((entry) => !entry.negated);
    const index = this.#index(type, details.codeProperty);
    const found = new Set(codes.flatMap((code) => index.get(keyOf(code)) ?? []));
    return [...found].sort((a, b) => a.position - b.position);
  }

  #index(type, property) {
    const name = `${type}.${property}`;
    if (!this.#indexes.has(name)) {
      const index = new Map();
      (this.#entries.get(type) ?? []).forEach((entry, position) => {
        entry.position = position;
        for (const coding of codings(entry.resource, property)) {
          if (entry.negated && coding.system !== NEGATION) continue;
          const key = keyOf(coding);
          if (!index.has(key)) index.set(key, []);
          index.get(key).push(entry);
        }
      });
      this.#indexes.set(name, index);
    }
    return this.#indexes.get(name);
  }
}
