// FHIR JSON as the objects that the CQL engine works on: one class a FHIR type, made when it is first met, values read once and kept.
// The types come from the FHIR 4.0.1 model information, an XML text of which only the types in use are ever read.

const BLOCK = /<typeInfo\b[^>]*?(?:\/>|>[\s\S]*?<\/typeInfo>)/g;
const ELEMENT = /<element name="([^"]+)"(?: elementType="([^"]+)"\s*\/>|[^>]*>([\s\S]*?)<\/element>)/g;
const CHOICE = /<choice namespace="(\w+)" name="([^"]+)"/g;
const CHOICE_NAMES = { SimpleQuantity: 'Quantity' };
export const CONTENT = Symbol('content');
const KEPT = Symbol('kept');
const AS_CODE = Symbol('as code');
const upper = (name) => name[0].toUpperCase() + name.slice(1);

function elementsOf(block) {
  return [...block.matchAll(ELEMENT)].map(([, name, simple, inner]) => {
    if (simple) return { name, type: simple };
    if (inner.includes('ChoiceTypeSpecifier')) return { name, choices: [...inner.matchAll(CHOICE)].map(([, , each]) => each) };
    const type = /(?:elementType|name)="([^"]+)"/.exec(inner)[1];
    return { name, type: type.includes('.') ? type : `FHIR.${type}`, list: inner.includes('ListTypeSpecifier') };
  });
}

export class Model {
  #blocks = new Map();
  #classes = new Map();
  #cql;

  constructor(modelInfo, cql) {
    for (const [block] of modelInfo.matchAll(BLOCK)) this.#blocks.set(/ name="([^"]+)"/.exec(block)[1], block);
    this.#cql = cql;
  }

  // A resource as the engine reads it.
  wrap(resource) {
    return new (this.type(resource.resourceType))(resource);
  }

  // The class of a FHIR type by its name without prefix, else that of any resource.
  type(name) {
    if (!this.#classes.has(name)) this.#classes.set(name, this.#blocks.has(name) ? this.#made(name) : this.type('DomainResource'));
    return this.#classes.get(name);
  }

  #made(name) {
    const block = this.#blocks.get(name);
    const base = / baseType="FHIR\.([^"]+)"/.exec(block.slice(0, block.indexOf('>')))?.[1];
    const parent = base ? this.type(base) : FhirObject;
    const made = class extends parent {};
    const elements = elementsOf(block);
    made.hierarchy = [{ name: `{http://hl7.org/fhir}${name}`, type: 'NamedTypeSpecifier' }, ...parent.hierarchy];
    made.names = new Set(made.hierarchy.map((each) => each.name));
    made.primitive = parent.primitive || elements.some((each) => each.name === 'value' && each.type?.startsWith('System.'));
    made.codes = this.#codesOf(name);
    for (const element of elements) {
      const read = this.#reader(element);
      Object.defineProperty(made.prototype, element.name, { get() { return this[KEPT](element.name, read); } });
    }
    return made;
  }

  // What reads one element out of the JSON.
  #reader({ name, type, choices, list }) {
    if (choices) {
      const each = choices.map((choice) => [name + upper(CHOICE_NAMES[choice] ?? choice), choice]);
      return (json) => {
        const found = each.find(([property]) => json[property] != null || json[`_${property}`] != null);
        return found && this.#value(json, found[0], found[1], false);
      };
    }
    if (type.startsWith('System.')) return this.#system(name, type.slice('System.'.length));
    return (json) => this.#value(json, name, type.slice('FHIR.'.length), list);
  }

  #value(json, property, typeName, list) {
    const value = json[property];
    const extra = json[`_${property}`];
    if (value == null && extra == null) return value;
    const type = this.type(typeName);
    if (!type.primitive) return list ? [value].flat().map((each) => new type(each)) : new type(value);
    const one = (literal, more) => (literal == null && more == null ? literal : new type({ ...(literal == null ? {} : { value: literal }), ...more }));
    if (!list) return one(value, extra);
    const length = Math.max(value?.length ?? 0, extra?.length ?? 0);
    return Array.from({ length }, (_, index) => one(value?.[index], extra?.[index]));
  }

  #system(name, type) {
    const { DateTime } = this.#cql;
    const parse = (text) => DateTime.parse(String(text).replace('Z', '+00:00'));
    const convert = {
      DateTime: parse,
      Date: (text) => DateTime.parse(text)?.getDate(),
      Time: (text) => Object.assign(parse(`0000-01-01T${text}`), { timezoneOffset: null }),
    }[type] ?? ((literal) => literal);
    return (json) => (json[name] == null ? json[name] : convert(json[name]));
  }

  // How a type becomes the codes that a retrieve compares; a type without codes has none.
  #codesOf(name) {
    const { Code } = this.#cql;
    const coding = (json) => new Code(json.code, json.system, json.version, json.display);
    if (name === 'Coding') return coding;
    if (name === 'code') return (json) => json.value;
    if (name !== 'CodeableConcept') return () => undefined;
    return (json) => (json.coding?.length === 1 ? coding(json.coding[0]) : json.coding?.map(coding));
  }
}

class FhirObject {
  static hierarchy = [{ name: '{urn:hl7-org:elm-types:r1}Any', type: 'NamedTypeSpecifier' }];
  static names = new Set(['{urn:hl7-org:elm-types:r1}Any']);
  static primitive = false;
  #json;
  #kept = new Map();
  #content;

  constructor(json) {
    this.#json = json;
  }

  // The value of an element, read once.
  [KEPT](name, read) {
    if (!this.#kept.has(name)) this.#kept.set(name, read(this.#json));
    return this.#kept.get(name);
  }

  getId() {
    return this.#json.id;
  }

  getCode(property) {
    return this[KEPT](`code of ${property}`, () => {
      const value = this[property];
      return Array.isArray(value) ? value.map((each) => each[AS_CODE]()) : value?.[AS_CODE]();
    });
  }

  [AS_CODE]() {
    return this.constructor.codes(this.#json);
  }

  getDateOrInterval(property) {
    return this[property]?.value ?? this[property];
  }

  _is(specifier) {
    return specifier.type === 'NamedTypeSpecifier' && this.constructor.names.has(specifier.name);
  }

  _typeHierarchy() {
    return this.constructor.hierarchy;
  }

  // Two are equal when they are of one type and say the same.
  equals(other) {
    return other === this || (other instanceof FhirObject && other.constructor === this.constructor && other[CONTENT]() === this[CONTENT]());
  }

  equivalent(other) {
    return this.equals(other);
  }

  // All that the JSON says, as text; a symbol, because an element may have any name.
  [CONTENT]() {
    return (this.#content ??= JSON.stringify(this.#json));
  }

  // Published logic splits the reference of a medication at its slashes without asking for the text of it first.
  split(separator) {
    return this.value?.split(separator);
  }

  // What the engine makes keys of, where it looks for what is there twice.
  *[Symbol.iterator]() {
    yield this[CONTENT]();
  }
}
