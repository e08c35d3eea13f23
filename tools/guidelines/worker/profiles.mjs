// Which profiles a resource of a plain chart stands for. Measures retrieve by QI-Core and US Core profiles, which real charts do not
// name; and what was refused or not done must never answer a retrieve for what was done.

const QICORE = 'http://hl7.org/fhir/us/qicore/StructureDefinition/qicore-';
const CORE = 'http://hl7.org/fhir/us/core/StructureDefinition/';
const USCORE = `${CORE}us-core-`;
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
  Task: [(each) => each.status === 'rejected', ['taskrejected', 'tasknotdone']],
};

// Observations whose profile goes by LOINC code.
const BY_CODE = {
  '85353-1': [`${FHIR}vitalspanel`],
  '85354-9': [`${FHIR}bp`, `${USCORE}blood-pressure`],
  '39156-5': [`${FHIR}bmi`, `${USCORE}bmi`],
  '8302-2': [`${FHIR}bodyheight`, `${USCORE}body-height`],
  '29463-7': [`${FHIR}bodyweight`, `${USCORE}body-weight`],
  '8310-5': [`${FHIR}bodytemp`, `${USCORE}body-temperature`],
  '8867-4': [`${FHIR}heartrate`, `${USCORE}heart-rate`],
  '9279-1': [`${FHIR}resprate`, `${USCORE}respiratory-rate`],
  '2708-6': [`${FHIR}oxygensat`, `${USCORE}pulse-oximetry`],
  '59408-5': [`${FHIR}oxygensat`, `${USCORE}pulse-oximetry`],
  '9843-4': [`${FHIR}headcircum`, `${USCORE}head-circumference`],
  '59576-9': [`${CORE}pediatric-bmi-for-age`],
  '77606-2': [`${CORE}pediatric-weight-for-height`],
  '8289-1': [`${CORE}head-occipital-frontal-circumference-percentile`],
  '72166-2': [`${USCORE}smokingstatus`],
  '11341-5': [`${USCORE}observation-occupation`],
  '86645-9': [`${USCORE}observation-pregnancyintent`],
  '82810-3': [`${USCORE}observation-pregnancystatus`],
  '76690-7': [`${USCORE}observation-sexual-orientation`],
};

const RESULTS = ['observation', 'simple-observation', 'observation-clinical-result', 'observation-lab', 'observation-screening-assessment'];

// Types whose profiles are not simply named after them, in either guide.
const NAMED_OTHERWISE = {
  Device: [`${USCORE}implantable-device`],
  DiagnosticReport: ['lab', 'note'].flatMap((each) => [`${QICORE}diagnosticreport-${each}`, `${USCORE}diagnosticreport-${each}`]),
  ImmunizationRecommendation: [`${QICORE}immunizationrec`],
  Observation: [...RESULTS.flatMap((each) => [QICORE + each, USCORE + each]), `${QICORE}nonpatient-observation`],
};
const ENCOUNTER_DIAGNOSIS = 'encounter-diagnosis';

function refusesByExtension(resource) {
  return (resource.modifierExtension ?? []).some((each) => /doNotPerform$/i.test(each.url) && each.valueBoolean === true);
}

const codes = (concepts) => concepts.flatMap((each) => each.coding ?? []).map((each) => each.code);

// A condition of a visit, of the list, or of both where it does not say.
function ofCondition(resource) {
  const categories = codes(resource.category ?? []);
  const found = ['condition'];
  if (!categories.length || categories.includes(ENCOUNTER_DIAGNOSIS)) found.push('condition-encounter-diagnosis');
  if (!categories.length || categories.some((each) => each !== ENCOUNTER_DIAGNOSIS)) found.push('condition-problems-health-concerns');
  return found.flatMap((each) => [QICORE + each, USCORE + each]);
}

function ofObservation(resource) {
  const found = codes([resource.code ?? {}]).flatMap((each) => BY_CODE[each] ?? []);
  const vital = codes(resource.category ?? []).includes('vital-signs') || found.some((each) => each.startsWith(FHIR));
  return vital ? [...found, `${USCORE}vital-signs`] : found;
}

// Whether a resource says that something was refused, forbidden or not done.
export function negated(resource) {
  return NEGATIONS[resource.resourceType]?.[0](resource) ?? false;
}

// The profiles that a resource stands for. What says "not" stands for its negation alone, whatever it names itself, unless its own
// word is trusted (published test cases tag some refused orders as orders, and count them so).
export function profiles(resource, trust) {
  const type = resource.resourceType;
  const [negated, names] = NEGATIONS[type] ?? [];
  const named = resource.meta?.profile ?? [];
  if (negated?.(resource)) return new Set([...names.map((each) => QICORE + each), ...(trust ? named : [])]);
  if (type === 'Condition') return new Set([...named, ...ofCondition(resource)]);
  const own = [QICORE + type.toLowerCase(), USCORE + type.toLowerCase(), ...(NAMED_OTHERWISE[type] ?? [])];
  return new Set([...named, ...own, ...(type === 'Observation' ? ofObservation(resource) : [])]);
}
