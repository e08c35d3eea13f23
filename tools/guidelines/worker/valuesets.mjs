// Expanded value sets, read once, each with an index of its codes; what is not there is an error, never an empty set.
import { keyOf } from './chart.mjs';

export class ValueSets {
  #sets = new Map();
  #make;

  constructor({ Code, ValueSet }) {
    class Indexed extends ValueSet {
      constructor(url, version, codes) {
        super(url, version, codes);
        this.codeKeys = new Set(codes.map(keyOf));
      }

      hasMatch(code) {
        const asked = [code].flat(Infinity).flatMap((each) => each?.codes ?? (each == null ? [] : [each]));
        if (asked.some((each) => typeof each === 'string')) return super.hasMatch(code);
        return asked.some((each) => this.codeKeys.has(keyOf(each)));
      }
    }
    this.#make = ({ url, version, codes }) => new Indexed(url, version, codes.map(([code, system]) => new Code(code, system)));
  }

  add(sets) {
    for (const each of sets) {
      const made = this.#make(each);
      this.#sets.set(each.url, made);
      this.#sets.set(`${each.url}|${each.version ?? ''}`, made);
    }
  }

  // What the engine asks: an exact version where one is named, else the one that is there.
  findValueSet(url, version) {
    const found = this.#sets.get(version == null ? url : `${url}|${version}`);
    if (!found) throw Object.assign(new Error('a value set is missing'), { valueSet: url });
    return found;
  }

  findValueSetsByOid(url) {
    return [this.findValueSet(url)];
  }
}
