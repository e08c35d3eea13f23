"""Answers about the person: age, sex, date of birth, whether alive."""

from __future__ import annotations

from agents.offline.questions.writing import NotAnswered, Page
from chart.fact import Fact


def _patient(page: Page, cell: str) -> Fact:
    patient = page.material.appraisal.chart.patient
    if cell not in patient.cells:
        raise NotAnswered("The record does not say it.")
    return patient


def age(page: Page) -> None:
    """In completed years."""
    patient = _patient(page, "birth")
    if page.material.appraisal.chart.age is None:
        raise NotAnswered("The birth date is not known to the day, so the age is not either.")
    s = page.sentence().calculate("age", [patient]).say(" years, born ").date(patient).cite(patient, "birth")
    page.add((s.say(", died ").date(patient, "ended") if patient.ended else s).say("."), salience=1)


def sex(page: Page) -> None:
    """As the record has it."""
    patient = _patient(page, "sex")
    page.add(page.sentence("Sex: ").say(patient.cells["sex"].text).cite(patient, "sex").say("."), salience=1)


def birth(page: Page) -> None:
    """The date of birth."""
    patient = _patient(page, "birth")
    page.add(page.sentence("Born ").date(patient).cite(patient, "birth").say("."), salience=1)


def death(page: Page) -> None:
    """Whether the record says that the patient has died."""
    chart = page.material.appraisal.chart
    if chart.deceased:
        s = page.sentence("Died")
        s = s.say(" ").date(chart.patient, "ended") if chart.patient.ended else s
        page.add(s.cite(chart.patient, "deceased").say("."), salience=1)
        return
    s = page.sentence("Alive by the record: it has a birth date, ").date(chart.patient).cite(chart.patient, "birth")
    page.add(s.say(", and says nothing of a death."), salience=1)
