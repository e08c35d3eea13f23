// Reading ELM as data: which resources a library retrieves, and which clauses a clause stands on.

// Visits every object and list of a tree, the outer before what it holds then.
function walk(tree, visit) {
  if (tree === null || typeof tree !== 'object') return;
  visit(tree);
  if (Array.isArray(tree)) for (const each of tree) walk(each, visit);
  else for (const key in tree) walk(tree[key], visit);
}

function nodes(tree) {
  const found = [];
  walk(tree, (node) => found.push(node));
  return found;
}

// What the translator notes for people and for tests; nothing of it decides, and the engine is slower with it.
const NOTES = new Set(['annotation', 'localId', 'locator', 'resultTypeName', 'resultTypeSpecifier']);

// A library without the translator's notes; it is changed in place.
export function bare(library) {
  walk(library, (node) => {
    for (const key of NOTES) if (key in node && !Array.isArray(node)) delete node[key];
  });
  return library;
}

// The codes a retrieve filters by as "system|code", or null where they cannot be read off (then it takes the whole type).
function codesOf(retrieve, library, libraries) {
  const systems = new Map();
  const keys = [];
  for (const node of nodes(retrieve.codes)) {
    if (node.type === 'ValueSetRef' || node.type === 'ExpressionRef') return null;
    if (node.type !== 'ConceptRef' && node.type !== 'CodeRef') continue;
    const home = node.libraryName ? libraries.get(includes(library).get(node.libraryName)) : library;
    if (!systems.has(home)) systems.set(home, new Map(home.codeSystems?.def.map((each) => [each.name, each.id])));
    const names = node.type === 'CodeRef' ? [node.name] : home.concepts.def.find((each) => each.name === node.name).code.map((each) => each.name);
    for (const name of names) {
      const code = home.codes.def.find((each) => each.name === name);
      keys.push(`${systems.get(home).get(code.codeSystem.name)}|${code.id}`);
    }
  }
  return keys.length ? keys : null;
}

// The name that ends the path of an included library; before it there may be a namespace.
export const nameOf = (path) => path.slice(path.lastIndexOf('/') + 1);

export function includes(library) {
  return new Map((library.includes?.def ?? []).map((each) => [each.localIdentifier, nameOf(each.path)]));
}

// What a library's retrieves may return: {type: {property: [key] or null}}; null stands for every resource of the type.
export function needs(library, libraries) {
  const needed = {};
  for (const node of nodes(library.statements)) {
    if (node.type !== 'Retrieve') continue;
    const type = node.dataType.replace(/^.*[}/]/, '');
    const properties = (needed[type] ??= {});
    const property = node.codes ? node.codeProperty : '';
    const codes = node.codes ? codesOf(node, library, libraries) : null;
    properties[property] = codes && properties[property] !== null ? [...new Set([...(properties[property] ?? []), ...codes])] : null;
  }
  return needed;
}

// The clauses that a clause names, in order: [[library alias or undefined, name]].
export function dependencies(library, name) {
  const definition = library.statements.def.find((each) => each.name === name);
  const named = [];
  for (const node of nodes(definition?.expression)) {
    if (node.type === 'ExpressionRef' && node.name !== 'Patient') named.push([node.libraryName, node.name]);
  }
  return named;
}

// The engine looks for a concept in the library that names it, even where another defines it: such concepts are brought along, under
// the other's name. The library is changed in place; its own concepts stay as they are.
export function withConcepts(library, libraries) {
  for (const node of nodes(library.statements)) {
    if (node.type !== 'ConceptRef' || !node.libraryName) continue;
    const home = libraries.get(includes(library).get(node.libraryName));
    const name = `${node.libraryName}.${node.name}`;
    bring(library, home, node.libraryName, home?.concepts.def.find((each) => each.name === node.name), name);
    node.name = name;
    delete node.libraryName;
  }
  return library;
}

function bring(library, home, alias, concept, name) {
  const own = (part) => ((library[part] ??= { def: [] }).def ??= []);
  if (!concept) throw new Error('a concept is not there');
  if (own('concepts').some((each) => each.name === name)) return;
  own('concepts').push({ ...concept, name, code: concept.code.map((each) => ({ ...each, name: `${alias}.${each.name}` })) });
  for (const { name: code } of concept.code) {
    const found = home.codes.def.find((each) => each.name === code);
    const system = home.codeSystems.def.find((each) => each.name === found.codeSystem.name);
    const renamed = `${alias}.${system.name}`;
    if (!own('codeSystems').some((each) => each.name === renamed)) own('codeSystems').push({ ...system, name: renamed });
    if (own('codes').some((each) => each.name === `${alias}.${code}`)) continue;
    own('codes').push({ ...found, name: `${alias}.${code}`, codeSystem: { ...found.codeSystem, name: renamed } });
  }
}

const NOT_DONE = new Set(['not-done', 'declined', 'cancelled', 'rejected', 'not-taken']);

// Whether logic over plain FHIR asks for what was refused or not done: it reads the element, or names the status, that says so.
export function asksForNegation(libraries) {
  let plain = false;
  let names = false;
  for (const library of libraries.values()) {
    for (const node of nodes(library.statements)) {
      if (node.type === 'Retrieve' && (!node.templateId || node.templateId.startsWith('http://hl7.org/fhir/StructureDefinition/'))) plain = true;
      if (node.type === 'Property' && node.path?.startsWith('doNotPerform')) names = true;
      if (node.type === 'Literal' && NOT_DONE.has(node.value)) names = true;
    }
  }
  return plain && names;
}
