"""What the generated questions are made of: how people word them, and names of what may be in a chart or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One thing measured, under whatever codes."""

    name: str
    """What a person calls it."""
    codes: frozenset[str]
    """LOINC codes that mean it."""


def _measure(name: str, *codes: str) -> Measure:
    return Measure(name=name, codes=frozenset(codes))


MEASURES = (
    _measure("hemoglobin A1c", "4548-4", "17856-6"),
    _measure("glucose", "2339-0", "2345-7", "14749-6", "41653-7"),
    _measure("creatinine", "38483-4", "2160-0", "14682-9"),
    _measure("eGFR", "33914-3", "48642-3", "48643-1", "62238-1", "98979-8"),
    _measure("blood urea nitrogen", "6299-2", "3094-0"),
    _measure("potassium", "6298-4", "2823-3"),
    _measure("sodium", "2947-0", "2951-2"),
    _measure("chloride", "2069-3", "2075-0"),
    _measure("calcium", "49765-1", "17861-6"),
    _measure("carbon dioxide", "20565-8", "2028-9"),
    _measure("total cholesterol", "2093-3"),
    _measure("LDL cholesterol", "18262-6", "13457-7", "2089-1"),
    _measure("HDL cholesterol", "2085-9"),
    _measure("triglycerides", "2571-8"),
    _measure("hemoglobin", "718-7"),
    _measure("hematocrit", "4544-3", "20570-8"),
    _measure("platelet count", "777-3"),
    _measure("white blood cell count", "6690-2"),
    _measure("albumin", "1751-7"),
    _measure("alanine aminotransferase", "1742-6"),
    _measure("aspartate aminotransferase", "1920-8"),
    _measure("alkaline phosphatase", "6768-6"),
    _measure("total bilirubin", "1975-2"),
    _measure("body weight", "29463-7"),
    _measure("body height", "8302-2"),
    _measure("BMI", "39156-5"),
    _measure("heart rate", "8867-4"),
    _measure("respiratory rate", "9279-1"),
    _measure("body temperature", "8310-5", "8331-1"),
    _measure("oxygen saturation", "2708-6", "59408-5"),
    _measure("systolic blood pressure", "8480-6"),
    _measure("diastolic blood pressure", "8462-4"),
)
"""Measured things with names that no other of them shares."""

ABSENT: Mapping[str, tuple[str, ...]] = {
    "substances": (
        "lisinopril",
        "hydrochlorothiazide",
        "simvastatin",
        "atorvastatin",
        "amlodipine",
        "metformin",
        "warfarin",
        "apixaban",
        "clopidogrel",
        "albuterol",
        "digoxin",
        "verapamil",
        "ibuprofen",
        "naproxen",
        "acetaminophen",
        "sertraline",
        "levothyroxine",
        "omeprazole",
        "furosemide",
        "prednisone",
    ),
    "allergens": ("penicillin", "fish", "peanuts", "eggs", "latex", "grass pollen", "house dust mite", "sulfonamides"),
    "results": ("vitamin D", "cortisol", "serum copper", "parathyroid hormone", "ammonia", "lipase", "uric acid"),
    "unknowable": (
        "What is the patient's favourite food?",
        "What does the patient's employer produce?",
        "Which football club does the patient support?",
        "What is the patient's blood type?",
        "Who will win the next election?",
        "What is the name of the patient's dog?",
    ),
}
"""Names that are asked for whether or not the chart has them, and questions that no chart answers."""

WORDINGS: Mapping[str, tuple[str, ...]] = {
    "last": (
        "What is the latest {name}?",
        "What was the patient's most recent {name}?",
        "Last {name}?",
        "Tell me the last recorded {name}.",
        "What's the current {name} value?",
    ),
    "last-year": ("What was the last {name} in {year}?", "Give me the {name} measured during {year}."),
    "first": ("What was the first {name} on record?", "What is the earliest {name} value?"),
    "highest": ("What is the highest {name} ever recorded?", "What was the patient's maximum {name}?", "Peak {name}?"),
    "lowest": ("What is the lowest {name} on record?", "What was the minimum {name}?"),
    "count": (
        "How many {name} results are there?",
        "How many times has the {name} been measured?",
        "How often was {name} measured?",
        "Number of {name} readings on record?",
    ),
    "count-year": ("How many {name} measurements were made in {year}?", "How often was the {name} measured in {year}?"),
    "count-problems": (
        "How many active problems are on the list?",
        "How many active conditions does the patient have?",
    ),
    "count-orders": ("How many active medication orders are there?", "How many prescriptions are currently active?"),
    "count-visits": ("How many visits has the patient had?", "How many encounters are on record?"),
    "count-visits-year": (
        "How many visits were there in {year}?",
        "How many encounters did the patient have in {year}?",
    ),
    "count-vaccinations": ("How many vaccinations has the patient received?", "How many immunizations are recorded?"),
    "count-vaccinations-year": ("How many vaccines were given in {year}?", "How many immunizations in {year}?"),
    "count-procedures": ("How many procedures has the patient undergone?", "How many procedures are on record?"),
    "count-procedures-year": ("How many procedures were done in {year}?", "Number of procedures during {year}?"),
    "count-flu": ("How many influenza vaccinations were given?", "How many flu shots has the patient had?"),
    "count-emergency": (
        "How many emergency visits are on record?",
        "How often was the patient in the emergency department?",
    ),
    "trend": (
        "How has the {name} changed between {from} and {to}?",
        "Did the {name} rise or fall from {from} to {to}?",
        "What is the trend of the {name}?",
        "Has the {name} increased or decreased over time?",
    ),
    "trend-open": ("How has the {name} changed over time?", "Is the {name} rising?"),
    "has-now": ("Does the patient currently have {name}?", "Does the patient have active {name}?"),
    "had-ever": ("Has the patient ever had {name}?", "Is there any history of {name}?", "Was {name} ever diagnosed?"),
    "diagnosed": ("When was {name} diagnosed?", "When did {name} begin?", "What is the onset date of {name}?"),
    "takes": (
        "Is the patient taking {name}?",
        "Is the patient currently on {name}?",
        "Does the patient take {name}?",
        "Is {name} currently prescribed?",
    ),
    "took-ever": (
        "Has the patient ever been prescribed {name}?",
        "Was {name} ever ordered?",
        "Has the patient ever taken {name}?",
    ),
    "first-ordered": (
        "When was {name} first prescribed?",
        "When was the first order of {name}?",
        "When was {name} started?",
    ),
    "allergic": (
        "Is the patient allergic to {name}?",
        "Does the patient have an allergy to {name}?",
        "Any {name} allergy?",
    ),
    "last-done": (
        "When was the last {name}?",
        "When was {name} last done?",
        "What is the date of the most recent {name}?",
    ),
    "last-given": ("When was the last {name} vaccine given?", "When was {name} last given?"),
    "done-ever": (
        "Has the patient ever had {name}?",
        "Was {name} ever performed?",
        "Has the patient undergone {name}?",
    ),
    "list-problems": (
        "What are the patient's active problems?",
        "List the active diagnoses.",
        "Which conditions are active?",
    ),
    "list-medicines": (
        "What medications is the patient currently taking?",
        "List the current medications.",
        "Which drugs are active?",
    ),
    "list-allergies": (
        "What allergies does the patient have?",
        "List all allergies.",
        "What is the patient allergic to?",
    ),
    "list-vaccines": ("Which vaccines has the patient received?", "List the immunizations."),
    "age": ("How old is the patient?", "What is the patient's age?"),
    "born": ("What is the patient's date of birth?", "When was the patient born?"),
    "sex": ("What is the patient's sex?", "Is the patient male or female?"),
    "alive": ("Is the patient alive?", "Has the patient died?"),
    "verbatim": ("{text}",),
}
"""By kind, the ways of asking."""
