// CQL to ELM, ahead of time: node translate.mjs NODE_MODULES; stdin: {"sources": [{name, version, cql}], "included": [the same, only
// included], "models": {"NAME-VERSION": xml}}; stdout, in the order of the sources: {"results": [{"errors": [...], "elm": library}]}.
// Everything the translator logs goes to stderr, or it would mix with the answer.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const answerWith = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
globalThis.require ??= createRequire(import.meta.url);

const nodeModules = path.resolve(process.argv[2]);
const given = JSON.parse(fs.readFileSync(0, 'utf8'));
const translator = await import(pathToFileURL(path.join(nodeModules, '@cqframework/cql/cql-to-elm.mjs')).href);
const modelFolder = path.join(nodeModules, 'cql-exec-fhir/lib/modelInfos');

// The types of the CQL language itself, which the translator asks for like any other model.
const SIMPLE = ['Any', 'Boolean', 'Integer', 'Long', 'Decimal', 'String', 'DateTime', 'Date', 'Time'];
const CLASSES = {
  Quantity: { value: 'Decimal', unit: 'String' },
  Ratio: { numerator: 'Quantity', denominator: 'Quantity' },
  Code: { code: 'String', system: 'String', version: 'String', display: 'String' },
  Concept: { codes: ['Code'], display: 'String' },
  Vocabulary: { id: 'String', version: 'String' },
  ValueSet: { '': 'Vocabulary' },
  CodeSystem: { '': 'Vocabulary' },
};

function systemModel() {
  const element = ([name, type]) => (Array.isArray(type)
    ? `<element name="${name}"><typeSpecifier xsi:type="ListTypeSpecifier" elementType="System.${type[0]}"/></element>`
    : `<element name="${name}" type="System.${type}"/>`);
  const simple = SIMPLE.map((name) => `<typeInfo xsi:type="SimpleTypeInfo" name="System.${name}"${name === 'Any' ? '' : ' baseType="System.Any"'}/>`);
  const classes = Object.entries(CLASSES).map(([name, { '': base = 'Any', ...elements }]) => (
    `<typeInfo xsi:type="ClassInfo" name="System.${name}" baseType="System.${base}">${Object.entries(elements).map(element).join('')}</typeInfo>`));
  return '<modelInfo name="System" version="1.0.0" url="urn:hl7-org:elm-types:r1" targetQualifier="system" xmlns="urn:hl7-org:elm-modelinfo:r1" '
    + `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">${simple.join('')}${classes.join('')}</modelInfo>`;
}

// A model that came with the sources, else one of the engine's.
function modelInfo(id, _system, version) {
  if (id === 'System') return translator.stringAsSource(systemModel());
  const name = `${id}-${version}`.toLowerCase();
  const own = Object.entries(given.models).find(([each]) => each.toLowerCase() === name);
  if (own) return translator.stringAsSource(own[1]);
  const file = path.join(modelFolder, `${id.toLowerCase()}-modelinfo-${version}.xml`);
  return fs.existsSync(file) ? translator.stringAsSource(fs.readFileSync(file, 'utf8')) : null;
}

// The library of that name and version; where only another version is there, none, but for what is only included.
function source(id, _system, version) {
  const named = given.sources.filter((each) => each.name === id);
  const found = version ? named.find((each) => each.version === version) : named[named.length - 1];
  if (found) return translator.stringAsSource(found.cql);
  const spare = given.included.find((each) => each.name === id);
  if (!spare) return null;
  return translator.stringAsSource(version ? spare.cql.replace(/^(\s*library\s+\S+)(\s+version\s+'[^']*')?/m, `$1 version '${version}'`) : spare.cql);
}

// Units are converted where logic is evaluated, so translating needs no table of units.
const refuse = () => { throw new Error('units are not converted while translating'); };
const ucum = translator.createUcumService(refuse, () => null, refuse, refuse);

function libraryManager() {
  const models = new translator.ModelManager();
  models.modelInfoLoader.registerModelInfoProvider(translator.createModelInfoProvider(modelInfo));
  const options = new translator.CqlCompilerOptions();
  const { DisableListDemotion, DisableListPromotion } = translator.CqlCompilerOptions.Options;
  options.setOptions([DisableListDemotion, DisableListPromotion]);
  options.errorLevel = translator.CqlCompilerException.ErrorSeverity.Error;
  options.signatureLevel = translator.LibraryBuilder.SignatureLevel.Overloads;
  const manager = new translator.LibraryManager(models, options, undefined, ucum);
  manager.librarySourceLoader.registerProvider(translator.createLibrarySourceProvider(source));
  return manager;
}

const manager = libraryManager();
const results = given.sources.map(({ cql }) => {
  try {
    const translated = translator.CqlTranslator.fromText(cql, manager);
    const problems = translated.exceptions.asJsReadonlyArrayView?.() ?? [...translated.exceptions];
    const errors = problems.filter((each) => each.severity?.name === 'Error').map((each) => each.message);
    return errors.length ? { errors } : { errors, elm: JSON.parse(translated.toJson()) };
  } catch (problem) {
    return { errors: [String(problem.message ?? problem)] };
  }
});
answerWith(JSON.stringify({ results }));
