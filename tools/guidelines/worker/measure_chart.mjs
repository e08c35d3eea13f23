// One patient's chart as measures retrieve from it: by profile and code, each resource wrapped once.
import { codings, keyOf } from './chart.mjs';
import { negated, profiles } from './profiles.mjs';

const ANY = 'http://hl7.org/fhir/StructureDefinition/';

export class MeasureChart {
  #model;
  #entries = new Map();
  #indexes = new Map();
  #references = new WeakMap();

  constructor(resources, model, trust) {
    this.#model = model;
    for (const resource of resources) {
      const type = resource.resourceType;
      const entry = { resource, reference: `${type}/${resource.id}`, negated: negated(resource) };
      for (const profile of new Set([...profiles(resource, trust), ANY + type])) {
        if (!this.#entries.has(profile)) this.#entries.set(profile, []);
        this.#entries.get(profile).push(entry);
      }
    }
  }

  // The reference of a resource that came out of a retrieve, else undefined.
  referenceOf(value) {
    return this.#references.get(value);
  }

  // What the engine sees of the patient; what was refused or not done answers a retrieve without a profile only where `negation` is asked.
  patient(negation) {
    const entry = this.#entries.get(`${ANY}Patient`)[0];
    const patient = this.#model.wrap(entry.resource);
    this.#references.set(patient, entry.reference);
    const findRecords = (profile, details) => {
      const asked = profile.startsWith('{') ? ANY + details.datatype.replace(/^.*}/, '') : profile;
      if (details.datatype.endsWith('}Patient')) return [patient];
      const found = this.#retrieve(asked, details);
      const shown = negation || !asked.startsWith(ANY) ? found : found.filter((each) => !each.negated);
      return shown.map((each) => this.#wrapped(each));
    };
    Object.defineProperty(patient, 'findRecords', { value: findRecords });
    return patient;
  }

  #wrapped(entry) {
    if (!entry.wrapped) {
      entry.wrapped = this.#model.wrap(entry.resource);
      this.#references.set(entry.wrapped, entry.reference);
    }
    return entry.wrapped;
  }

  #retrieve(profile, details) {
    const entries = this.#entries.get(profile) ?? [];
    if (!details.codes || !entries.length) return entries;
    const index = this.#index(profile, entries, details.codeProperty);
    // A value set knows its keys; codes written in the logic are few.
    const keys = details.codes.codeKeys ?? new Set([details.codes].flat().flatMap((each) => each.codes ?? [each]).map(keyOf));
    const found = new Set();
    const [fewer, more] = index.size < keys.size ? [index, keys] : [keys, index];
    for (const key of fewer.keys()) if (more.has(key)) index.get(key).forEach((each) => found.add(each));
    return [...found].sort((a, b) => a.at - b.at).map((each) => each.entry);
  }

  #index(profile, entries, property) {
    const name = `${profile} ${property}`;
    if (!this.#indexes.has(name)) {
      const index = new Map();
      entries.forEach((entry, at) => {
        const held = { entry, at };
        for (const coding of codings(entry.resource, property)) {
          const key = keyOf(coding);
          if (!index.has(key)) index.set(key, []);
          index.get(key).push(held);
        }
      });
      this.#indexes.set(name, index);
    }
    return this.#indexes.get(name);
  }
}
