"""The types of FHIR R4 that Preround asks for or gets to see, and whose they are."""

BY_SUBJECT = frozenset({"AdverseEvent", "SupplyRequest"})
"""R4 types of the patient compartment that are searched by `subject` and have no `patient` parameter."""

_PATIENT_TYPES = """
    Account AllergyIntolerance Appointment Basic BodyStructure CarePlan CareTeam ChargeItem Claim ClaimResponse
    ClinicalImpression Communication CommunicationRequest Composition Condition Consent Coverage DetectedIssue
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference Encounter EpisodeOfCare
    ExplanationOfBenefit FamilyMemberHistory Flag Goal GuidanceResponse ImagingStudy Immunization
    ImmunizationEvaluation ImmunizationRecommendation Invoice List MeasureReport Media MedicationAdministration
    MedicationDispense MedicationRequest MedicationStatement MolecularSequence NutritionOrder Observation Procedure
    QuestionnaireResponse RelatedPerson RequestGroup ResearchSubject RiskAssessment ServiceRequest Specimen
    SupplyDelivery Task VisionPrescription
"""
BY_PATIENT = frozenset(_PATIENT_TYPES.split())
"""R4 types of the patient compartment with a `patient` parameter."""

OWNED = BY_PATIENT | BY_SUBJECT
"""Types whose resources belong to one patient and must say to which."""

_SHARED_TYPES = """
    ActivityDefinition Device DeviceDefinition Endpoint HealthcareService Library Location Measure Medication
    MedicationKnowledge Organization PlanDefinition Practitioner PractitionerRole Provenance Questionnaire Substance
"""
SHARED = frozenset(_SHARED_TYPES.split())
"""Types that may come along (included, referred to): they belong to nobody, or only sometimes to a patient."""

KNOWN = OWNED | SHARED | {"AuditEvent", "Binary", "Bundle", "Group", "Patient"}
"""All of them."""
