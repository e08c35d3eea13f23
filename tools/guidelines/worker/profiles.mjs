// Which profiles a resource of a plain chart stands for. Measures retrieve by QI-Core and US Core profiles, which real charts do not
// name; and what was refused or not done must never answer a retrieve for what was done.

const QICORE = 'http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-';
const USCORE = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const FHIR = 'http://hl7.org/fhir/StructureDefinition/';

// What says "not": by type, when it does and the profiles that stand for it then.
const NEGATIONS = {
  Communication: [(each) => each.status === 'not-done', ['communicationnotdone']],
  DeviceRequest: [refusesByExtension, ['devicenotrequested']],
  Immunization: [(each) => each.status === 'not-done', ['immunizationnotdone']],
  MedicationAdministration: [(each) => each.status === 'not-done', ['mednotadministered', 'medicationadministrationnotdone']],
  MedicationDispense: [(each) => each.status === 'declined', ['mednotdispensed', 'medicationdispensedeclined']],
  MedicationRequest: [(each) => each.doNotPerform === true, ['mednotrequested', 'medicationnotrequested']],
  Observation: [(each) => each.status === 'cancelled', ['observationnotdone', 'observationcancelled']],
  Procedure: [(each) => each.status === 'not-done', ['procedurenotdone']],
  ServiceRequest: [(each) => each.doNotPerform === true, ['servicenotrequested']],
  Task: [(each) => each.status === 'rejected', ['taskrejected']],
};

// Vital signs by LOINC code.
const VITAL_SIGNS = {
  '85354-9': [`${FHIR}bp`, `${USCORE}blood-pressure`],
  '39156-5': [`${FHIR}bmi`, `${USCORE}bmi`],
  '8302-2': [`${FHIR}bodyheight`, `${USCORE}body-height`],
  '29463-7': [`${FHIR}bodyweight`, `${USCORE}body-weight`],
  '8310-5': [`${FHIR}bodytemp`, `${USCORE}body-temperature`],
  '8867-4': [`${FHIR}heartrate`, `${USCORE}heart-rate`],
  '9279-1': [`${FHIR}resprate`, `${USCORE}respiratory-rate`],
  '2708-6': [`${FHIR}oxygensat`, `${USCORE}pulse-oximetry`],
  '59408-5': [`${FHIR}oxygensat`, `${USCORE}pulse-oximetry`],
  '72166-2': [`${USCORE}smokingstatus`],
};

const RESULTS = ['observation', 'simple-observation', 'observation-clinical-result', 'observation-lab', 'observation-screening-assessment', 'nonpatient-observation'];
const ENCOUNTER_DIAGNOSIS = 'encounter-diagnosis';

function refusesByExtension(resource) {
  return (resource.modifierExtension ?? []).some((each) => /doNotPerform$/i.test(each.url) && each.valueBoolean === true);
}

const codes = (concepts) => concepts.flatMap((each) => each.coding ?? []).map((each) => each.code);

function ofCondition(resource) {
  const categories = codes(resource.category ?? []);
  const found = [`${QICORE}condition`];
  if (!categories.length || categories.includes(ENCOUNTER_DIAGNOSIS)) found.push(`${QICORE}condition-encounter-diagnosis`);
  if (!categories.length || categories.some((each) => each !== ENCOUNTER_DIAGNOSIS)) found.push(`${QICORE}condition-problems-health-concerns`);
  return found;
}

function ofObservation(resource) {
  const vital = codes([resource.code ?? {}]).flatMap((each) => VITAL_SIGNS[each] ?? []);
  return [...RESULTS.map((each) => QICORE + each), `${USCORE}observation-lab`, ...vital];
}

// The profiles that a resource stands for. What says "not" stands for its negation alone, whatever it names itself, unless its own
// word is trusted (published test cases tag some refused orders as orders, and count them so).
export function profiles(resource, trust) {
  const type = resource.resourceType;
  const [negated, names] = NEGATIONS[type] ?? [];
  const named = resource.meta?.profile ?? [];
  if (negated?.(resource)) return new Set([...names.map((each) => QICORE + each), ...(trust ? named : [])]);
  if (type === 'Condition') return new Set([...named, ...ofCondition(resource)]);
  if (type === 'Observation') return new Set([...named, ...ofObservation(resource)]);
  return new Set([...named, QICORE + type.toLowerCase()]);
}
