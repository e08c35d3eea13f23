"""Whether words address a program and not a reader: by whom they speak to and what they want set aside.

Wordings are endless, so what is looked for is the shape of such text: the marks of a chat's turns; instructions and
checks that are to be set aside; a role of a chat that is spoken to and told to do something; a program that is called
by its kind; a reader that is told what it is, or to show what it was given. The same words mean something else in a
record (a body's systems, an assistant at an operation, AI of a valve, instructions for a patient); those uses do not
have these shapes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_VERB = (
    "accept|act|add|allow|answer|append|approve|assume|auto-?approve|begin|call|cancel|change|claim|clear|commit|conceal|"
    "confirm|continue|copy|create|declare|delete|deliver|disclose|discontinue|display|do|double|edit|email|enter|erase|"
    "execute|exclude|expose|fetch|file|finali[sz]e|follow|forget|forward|generate|give|hide|ignore|include|increase|insert|"
    "invoke|leave|list|load|log|lower|make|mark|modify|obey|omit|open|order|output|overwrite|permit|place|post|prescribe|"
    "pretend|print|proceed|produce|publish|purge|put|raise|read|recommend|record|reduce|release|remove|rename|repeat|replace|"
    "reply|report|reset|respond|return|reveal|rewrite|run|say|select|send|set|share|show|sign|skip|start|state|stop|submit|"
    "suggest|summari[sz]e|suppress|switch|tell|transfer|transmit|treat|turn|unlock|update|upload|use|verify|visit|withdraw|"
    "withhold|write"
)
_PROGRAM = (
    r"(?:(?:artificial intelligence|ai|llm|language|virtual|automated|autonomous|digital|chat|summari[sz]ation) "
    r"(?:assistants?|agents?|models?|systems?|tools?|readers?|summari[sz]ers?|scribes?|bots?|processors?|programs?|"
    r"reviewers?|pipelines?|software)|artificial intelligence|llms?|chat ?bots?|gpt(?:-?\d\w*)?|copilot|"
    r"language models?|"
    r"summari[sz]er)"
)
"""A program by a name that means nothing else in a record; AI alone is a valve's or a medicine's as well."""
_START = r"(?:^|[.!?;:\"“'‘>)\]*#•–—-] ?)"
"""Where a clause begins."""
_SOON = (
    r"(?:(?:please|now|always|also|kindly|first|then|next|immediately|urgently|just|simply|from now on|instead|"
    r"silently|"
    r"you (?:must|should|will|shall)),? )*"
)
_MUST = (
    r"(?:must|should|shall|will|have to|has to|needs? to|(?:are|is) to|"
    r"(?:are|is) (?:required|instructed|ordered|asked|told|directed|authori[sz]ed|permitted) to)"
)
_RULES = (
    r"(?:instructions?|rules?|prompts?|directives?|guidance|guard ?rails?|commands?|constraints?|polic(?:y|ies)|"
    r"safeguards?|guidelines?|programming|training)"
)
_EARLIER = (
    r"(?:all|any|every|each|previous|prior|above|earlier|preceding|foregoing|your|these|those|existing|original|"
    r"other|"
    r"former|initial|system)"
)
# SYSTEM: in capitals counts behind other words too, unless they are in capitals: CARDIOVASCULAR SYSTEM: is a heading.
_CALLED = (
    rf"(?:{_START}(?:(?:note|message) (?:to|from) |from |to |attention |the )?"
    rf"(?:system|assistant|ai|bot|developer|administrator|{_PROGRAM})|(?-i:(?<![A-Z] )\b(?:SYSTEM|ASSISTANT|AI|"
    rf"LLM|BOT)))"
)
_MARKS = (
    r"</?\|?(?:start_of_turn|end_of_turn|im_start|im_end|system|assistant|user|tool_call|function_call)\|?>",
    r"<\|\w+\|>|\[/?INST\]|<</?SYS>>|\btool_code\b",
    r"#{2,} ?(?:system|assistant|human|user|developer)\b(?: (?:prompt|message|turn))? ?(?::|$)",
    r"[\"']role[\"'] ?: ?[\"'](?:system|assistant|user|developer|tool)[\"']",
    r"[\"'](?:tool|function|tool_calls?)[\"'] ?: ?[\"'{\[]",
)
"""The marks of a chat's turns, and of calls of tools."""
_SET_ASIDE = (
    rf"\b(?:ignore|disregard|override|overrule|bypass)\b[^.!?]{{0,40}}\b{_EARLIER}\b(?! of "
    rf"my\b)[^.!?]{{0,30}}\b{_RULES}\b",
    rf"\b(?:ignore|disregard|override|bypass) (?:the |any )?(?:{_RULES} (?:above|before|given|so far)|guard "
    rf"?rails?|safety )",
    rf"(?:{_START}|\band |\bmust |\bshould ){_SOON}forget\b[^.!?]{{0,40}}\b(?:{_EARLIER}\b[^.!?]{{0,30}}\b{_RULES}\b"
    rf"|{_RULES} (?:above|before|so far))",
    rf"(?:{_START}|\band |\bmust |\bshould ){_SOON}(?:ignore|disregard|forget) (?:everything|anything|all|whatever)\b"
    r"[^.!?]{0,20}\b(?:above|before this|told|said|instructed|given|written|learned)\b",
    rf"{_START}{_SOON}(?:stop|cease|quit) (?:following|obeying|applying)\b[^.!?]{{0,20}}\b{_RULES}\b",
    r"\b(?:your|the|all) (?:previous|prior|earlier|original|initial|system|former) (?:instructions?|prompts?|"
    r"directives?|"
    r"rules) (?:are|is|were|have been|has been|no longer|do not) (?:\w+ )?(?:void|superseded|cancell?ed|invalid|"
    r"revoked|"
    r"obsolete|replaced|lifted|suspended|apply|outdated)\b",
    r"\b(?:ignorier\w*|vergiss|vergessen sie|missachte\w*|ignore[zr]?|oublie[zr]?|ignora\w*|olvid[ae]\w*|"
    r"dimentica\w*)\b"
    r"[^.!?]{0,40}\b(?:anweisung\w*|vorgaben|regeln|consignes|instruccion\w*|istruzioni|instruções|reglas|règles)\b",
    r"\b(?:system|admin|administrator|root|developer|security) override\b|\bsystem prompt\b|\bjailbreak\b"
    r"|\b(?:developer|god|jailbreak|jailbroken|sudo|unrestricted|debug) mode\b",
    rf"(?:{_START}|\b(?:please|now|must|should|shall|and|to|then) )(?:auto-?)?(?:approve|sign|accept|"
    rf"authori[sz]e|confirm|"
    r"release|finali[sz]e) (?:off )?(?:on )?(?:all|every|everything|each|any)\b[^.!?]{0,60}"
    r"\b(?:orders?|suggestions?|proposals?|drafts?|items?|entr(?:y|ies)|recommendations?|actions?)\b",
    r"\b(?:skip|bypass|suppress|disable) (?:the |any |all |further )?(?:(?:human|clinician|reviewer)(?:'s)? )?"
    r"(?:review|approval|oversight|verification|sign-?off)\b",
)
"""Instructions are to be set aside, or everything is to be let through whoever should look at it."""
_SPOKEN_TO = (
    rf"{_CALLED}(?: (?:prompt|message|note|notice|instructions?|override|command|update|directive|request))? "
    rf"?(?:[:>,–—]|--+) ?"
    rf"{_SOON}(?:(?:do not|don't|never) \w+|you {_MUST}\b"
    rf"|(?:{_VERB})(?-i: (?=[a-z0-9\"“'‘<{{(#\[]|[A-Z]{{2}}|I )))",
    rf"{_CALLED} ?[:>] ?[^.!?]{{0,60}}\b(?:approve|write|delete|omit|send|tell) (?-i:(?=[a-z]))",
    rf"\b(?:note|message|memo|instructions?|notice|directive|request|reminder|important) (?:to|for) (?:\w+ "
    rf")?{_PROGRAM}\b",
    rf"\b(?:dear|hey|hello|hi|attention|attn)[:,!]? (?:the |any |all |every |to )?(?:ai|{_PROGRAM})\b",
    rf"\b(?:note|message|memo|instructions?) (?:to|for) (?:the |any |all |every )?ai\b|{_START}(?:to|for) "
    rf"(?:the |any |all )?ai ?:",
    rf"\b(?:any|every|all|the|this|whichever|whatever) (?:ai|{_PROGRAM}|program|software|machine|"
    rf"model)\b[^.!?]{{0,60}}"
    r"\b(?:that|which|who|reading|processing|summari[sz]ing|parsing|preparing|handling)\b"
    rf"[^.!?]{{0,60}}\b{_MUST} (?:{_VERB})\b",
    rf"\b(?:ai|{_PROGRAM}) (?:must|shall|should|has to|is to|needs to|is (?:instructed|ordered|required|"
    rf"authori[sz]ed) to) "
    rf"(?:not |never |always |now )?(?:{_VERB})\b",
)
"""A role of a chat, or a program by its kind, is spoken to."""
_TOLD = (
    r"\byou(?:'re| are) (?:(?:now|no longer|hereby|acting as|from now on|in fact|just|only|an?|the|my|our) )*"
    rf"(?:(?!for |to |of |on |with |and |or )[\w'-]+ ){{0,3}}?(?:ai|assistant|bot|{_PROGRAM})\b",
    r"\bi(?:'m| am) your (?:developer|administrator|operator|creator)\b"
    r"|\b(?:developer|administrator|operator|creator) of (?:this|the) (?:program|software|system|model|assistant)\b",
    r"\b(?:act|behave|respond|answer|pretend|role-?play|operate|function)\b[^.!?]{0,15}\b(?:as|like|to be|that "
    r"you are)\b"
    rf"[^.!?]{{0,30}}\b(?:ai|{_PROGRAM}|unrestricted|no (?:rules|restrictions))\b",
    rf"\bas an? (?:ai|{_PROGRAM}),? (?:you|do not|never|always|(?:{_VERB}))\b",
    r"\b(?:reveal|print|show|repeat|output|display|disclose|leak|dump|recite|expose|tell|list|state|"
    r"copy)\b[^.!?]{0,40}\b"
    r"(?:(?:system|hidden|initial|original|secret|internal|developer) (?:prompt|instructions|message|rules)|"
    r"your (?:own |full |"
    r"complete |exact )*(?:prompt|instructions|rules|programming|configuration)|api keys?|secret keys?|access "
    r"tokens?|"
    r"environment variables)\b",
    r"\b(?:print|output|leak|dump|recite|reveal|disclose|repeat)\b[^.!?]{0,20}\binstructions (?:that )?you "
    r"(?:were|have been|got)\b",
    rf"{_START}{_SOON}(?:respond|reply|answer|output|return) (?:only with|only|exclusively|strictly with|"
    rf"nothing but) (?:the |an? )?"
    r"(?:json|yes|no|words?|phrase|sentence|string|text|[\"“'])",
    r"\b(?:in|from|of|at the end of) your (?:completion|context window|generated \w+|draft)\b",
    r"\b(?:summary|page|note|draft|report|text) (?:that )?you (?:write|generate|produce|prepare|are "
    r"(?:writing|generating|producing|preparing|asked to \w+))\b",
    r"\b(?:when|while|before|after) (?:you )?(?:are )?(?:summari[sz]|pars|generat|ingest)\w+ (?:this|the) "
    r"(?:chart|record|note|"
    rf"document|file|text)\b[^.!?]{{0,15}}[, ](?:you|never|always|do not|don't|(?:{_VERB}))\b",
)
"""A reader is told what it is, how to answer, or to show what it was given."""
_MARKED = re.compile("|".join(f"(?:{one})" for one in _MARKS), re.I | re.M)
_SHAPED = re.compile("|".join(f"(?:{one})" for one in (*_SET_ASIDE, *_SPOKEN_TO, *_TOLD)), re.I)
_END = re.compile(r"(?<=[.!?])\s+")


def reads_like_instruction(text: str) -> bool:
    """Whether words of a record address a program and not a reader.

    Line breaks count as any other space and as beginnings, so a text means the same however a page breaks its lines;
    characters that cannot be seen are passed over.
    """
    seen = text
    if not text.isascii():
        seen = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").replace(
            "’", "'"
        )
    if _MARKED.search(seen):
        return True
    # No shape goes beyond a sentence, and sentences come again from note to note.
    return any(_shaped(one) for one in dict.fromkeys((*_END.split(" ".join(seen.split())), *_sentences_of_lines(seen))))


def _sentences_of_lines(text: str) -> list[str]:
    return [one for line in text.splitlines() for one in _END.split(" ".join(line.split()))]


@lru_cache(maxsize=16384)
def _shaped(sentence: str) -> bool:
    return _SHAPED.search(sentence) is not None
