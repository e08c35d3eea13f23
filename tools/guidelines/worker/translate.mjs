// CQL to ELM, ahead of time: node translate.mjs NODE_MODULES FOLDER; one JSON object on stdout: {"errors": [...], "elm": {name: library}}.
// Everything the translator logs goes to stderr, or it would mix with the answer.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const answerWith = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);
globalThis.require ??= createRequire(import.meta.url);

const [nodeModules, folder] = process.argv.slice(2).map((each) => path.resolve(each));
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

function modelInfo(id, _system, version) {
  if (id === 'System') return translator.stringAsSource(systemModel());
  const file = path.join(modelFolder, `${id.toLowerCase()}-modelinfo-${version}.xml`);
  return fs.existsSync(file) ? translator.stringAsSource(fs.readFileSync(file, 'utf8')) : null;
}

function source(id) {
  const file = path.join(folder, `${id}.cql`);
  return fs.existsSync(file) ? translator.stringAsSource(fs.readFileSync(file, 'utf8')) : null;
}

// Our libraries use calendar units only ("6 months"), which need no table of units.
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
const answer = { errors: [], elm: {} };
for (const file of fs.readdirSync(folder).filter((each) => each.endsWith('.cql')).sort()) {
  const name = path.basename(file, '.cql');
  const translated = translator.CqlTranslator.fromText(fs.readFileSync(path.join(folder, file), 'utf8'), manager);
  const problems = translated.exceptions.asJsReadonlyArrayView?.() ?? [...translated.exceptions];
  for (const problem of problems) {
    if (problem.severity?.name === 'Error') answer.errors.push(`${name}: ${problem.message}`);
  }
  answer.elm[name] = JSON.parse(translated.toJson());
}
answerWith(JSON.stringify(answer));
